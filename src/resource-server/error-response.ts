import type { Context } from 'koa';
import { type ChallengeParameters } from '../core/challenge.js';
import type { OAuth2Error, OAuth2ErrorDetails } from '../core/errors.js';
import { formatScope } from '../core/scopes.js';
import type { Authenticator } from './authentication/authenticator.js';

/** The body of a refusal: this package's, DRF's `{detail}`, or one of your own. */
export type ErrorBody = 'oauth2' | 'drf' | ((error: OAuth2Error) => unknown);

/** Header fields of a response. */
export type ResponseFields = Record<string, string | string[]>;

/** The response to an error. */
export interface ErrorResponse {
  /** The HTTP status. */
  readonly status: number;
  /** The challenge, `Retry-After` and `Cache-Control`, where they apply. */
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent as JSON; a string as it is. */
  readonly body: unknown;
}

/** A response that is the same for every request that is refused for the same reason, ready to be sent. */
export interface PreparedAnswer {
  readonly status: number;
  /** All header fields but `Content-Length`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Makes the body; code of the host may change what it gets. */
  body(): unknown;
  /** The body as it is sent. */
  readonly json: string;
  /** The value of `Content-Length`. */
  readonly length: string;
  /** How Node may write it: what is ASCII alone needs no conversion to UTF-8, which costs more than all that is set here. */
  readonly encoding: 'latin1' | 'utf8';
}

/** The options for the responses of refusals. */
export interface ErrorResponseOptions {
  readonly realm: string;
  readonly errorBody: ErrorBody;
  /** Whether the body of a scope refusal lists required and provided scopes. */
  readonly errorResponseWithScopes: boolean;
  readonly authenticators: readonly Authenticator[];
  /** The URL of this resource's metadata, for every challenge (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
}

const MOST_CHALLENGES = 1_000;
/** The type of JSON as Koa writes it. */
export const JSON_TYPE = 'application/json; charset=utf-8';

/** Creates the header fields and the body of a refusal (RFC 6750 §3, RFC 6585 §4). */
export class ErrorResponder {
  private readonly bareChallenge: string | undefined;
  /** The challenges that were sent, by what they say: writing one costs more than all else of a refusal. */
  private readonly challenges = new Map<string, string | undefined>();
  private readonly makeBody: (error: OAuth2Error) => unknown;

  constructor(private readonly options: ErrorResponseOptions) {
    this.bareChallenge = this.challenge({});
    const { errorBody } = options;
    if (typeof errorBody === 'function') this.makeBody = errorBody;
    else
      this.makeBody = errorBody === 'drf' ? (error) => ({ detail: error.message }) : (error) => this.oauth2Body(error);
  }

  /** Whether a 401 contains the scope of its action: clients that read metadata request it at once (RFC 6750 §3). */
  get namesScope(): boolean {
    return this.options.resourceMetadata !== undefined;
  }

  /**
   * Creates the response to an error of this package; the error is not changed.
   *
   * @param scope the scope that the action requires, for a challenge whose error does not name one
   */
  responseTo(error: OAuth2Error, scope?: string): ErrorResponse {
    const { fields } = error.details;
    const headers: Record<string, string> = fields === undefined ? {} : { ...fields };
    const challenge = this.challengeOf(error, scope);
    if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
    if (error.details.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.details.retryAfterSeconds);
    if (dependsOnCaller(error)) headers['Cache-Control'] = 'no-store';
    return { status: error.status, headers, body: this.bodyOf(error) };
  }

  /**
   * The response to an error that says the same to everybody; `undefined` if the response says more than the error: a function
   * of the host makes the body, or it lists the scopes of the caller.
   */
  prepare(error: OAuth2Error, scope?: string): PreparedAnswer | undefined {
    const { errorBody, errorResponseWithScopes } = this.options;
    const { fields: own, requiredScopes } = error.details;
    if (typeof errorBody === 'function' || own !== undefined) return undefined;
    if (errorResponseWithScopes && requiredScopes !== undefined) return undefined;
    const { status, headers, body } = this.responseTo(error, scope);
    const json = JSON.stringify(body);
    const fields = Object.freeze({ ...headers, 'Content-Type': JSON_TYPE });
    const bytes = Buffer.byteLength(json);
    const encoding = bytes === json.length ? 'latin1' : 'utf8';
    return Object.freeze({ status, fields, body: () => this.bodyOf(error), json, length: String(bytes), encoding });
  }

  /**
   * The header fields for an error of the host's that refuses a request: its own, and those of every refusal. A 401 has
   * a challenge (RFC 9110 §15.5.2), and no refusal may be cached, not even by caches with a field of their own (RFC
   * 9213).
   */
  fieldsOf(status: number, own: ResponseFields): ResponseFields {
    const fields: ResponseFields = {};
    const named = new Set<string>();
    let cacheControl = 'no-store';
    for (const [name, value] of Object.entries(own)) {
      const folded = name.toLowerCase();
      named.add(folded);
      if (!LETS_CACHES_KEEP.test(folded)) fields[name] = value;
      else if (folded === 'cache-control' && /\bno-store\b/i.test(String(value))) cacheControl = String(value);
    }
    fields['Cache-Control'] = cacheControl;
    if (status === 401 && !named.has('www-authenticate') && this.bareChallenge !== undefined) {
      fields['WWW-Authenticate'] = this.bareChallenge;
    }
    return fields;
  }

  /** Writes a response, replacing whatever was written to it before. */
  write(context: Context, status: number, fields: ResponseFields, body: unknown): void {
    const { response } = context;
    forgetCaching(context);
    response.status = status;
    for (const name in fields) response.set(name, fields[name] as string | string[]);
    // Koa would keep the content type of an earlier body, and look for that of JSON each time.
    if (typeof body === 'string') response.remove('Content-Type');
    else response.set('Content-Type', JSON_TYPE);
    response.body = body ?? '';
  }

  private challengeOf(error: OAuth2Error, scope: string | undefined): string | undefined {
    if (error.details.withoutChallenge) return undefined;
    switch (error.code) {
      case 'authentication_required':
        return scope === undefined ? this.bareChallenge : this.knownChallenge(scope, () => ({ scope }));
      case 'invalid_request':
      case 'invalid_token':
      case 'invalid_dpop_proof':
      case 'use_dpop_nonce':
      case 'insufficient_scope':
      case 'insufficient_user_authentication':
        return this.challengeWithError(error, scope);
      default:
        return undefined;
    }
  }

  private challenge(parameters: ChallengeParameters): string | undefined {
    const { authenticators, realm, resourceMetadata } = this.options;
    const complete = resourceMetadata === undefined ? parameters : { ...parameters, resourceMetadata };
    const challenges = authenticators.map((one) => one.challenge?.(realm, complete)).filter((one) => one !== undefined);
    return challenges.length === 0 ? undefined : challenges.join(', ');
  }

  private challengeWithError(error: OAuth2Error, scope: string | undefined): string | undefined {
    const { code, message, details } = error;
    const { scheme, acrValues, maxAgeSeconds, requiredScopes } = details;
    const named = code === 'insufficient_scope' ? scopeToAskFor(requiredScopes) : scope;
    const parameters = () => ({ error: code, errorDescription: message, scheme, scope: named });
    if (acrValues === undefined && maxAgeSeconds === undefined) {
      return this.knownChallenge(`${code} ${scheme} ${named}\n${message}`, parameters);
    }
    return this.challenge({ ...parameters(), acrValues: acrValues?.join(' '), maxAgeSeconds });
  }

  private knownChallenge(what: string, parameters: () => ChallengeParameters): string | undefined {
    const known = this.challenges.get(what);
    if (known !== undefined) return known;
    const made = this.challenge(parameters());
    // Actions name few; a permission that derives its scopes from the request may name any number.
    if (this.challenges.size < MOST_CHALLENGES) this.challenges.set(what, made);
    return made;
  }

  private bodyOf(error: OAuth2Error): unknown {
    return this.makeBody(error) ?? error.toJSON();
  }

  private oauth2Body(error: OAuth2Error): unknown {
    const body = error.toJSON();
    const { requiredScopes, providedScopes } = error.details;
    if (!this.options.errorResponseWithScopes || requiredScopes === undefined) return body;
    return { ...body, required_scopes: requiredScopes, provided_scopes: providedScopes ?? [] };
  }
}

/**
 * Whether another caller would get a different response, so that it may not be cached. Errors in the request itself
 * (400, a body) and in the server have statuses that are not cached by default (RFC 9110 §15.1).
 */
function dependsOnCaller({ status, details }: OAuth2Error): boolean {
  return status > 400 && status < 500 && details.withoutChallenge !== true;
}

const LETS_CACHES_KEEP = /(^|-)cache-control$|^surrogate-control$|^expires$/;

/**
 * Removes what permits caching: `Cache-Control` of the application unless it forbids caching too, the targeted fields
 * that override it (RFC 9213), and expiry dates.
 */
export function forgetCaching(context: Context): void {
  for (const name of context.res.getHeaderNames()) {
    if (!LETS_CACHES_KEEP.test(name)) continue;
    if (name !== 'cache-control' || !/\b(private|no-store)\b/i.test(context.response.get(name))) context.remove(name);
  }
}

/**
 * The `scope` of a challenge is a list without alternatives, so it names the first alternative. `undefined`: no scope
 * is required.
 */
export function scopeToAskFor(required: OAuth2ErrorDetails['requiredScopes']): string | undefined {
  if (required === undefined || required.length === 0) return undefined;
  const [first] = required;
  const scopes = typeof first === 'string' ? (required as readonly string[]) : (first as readonly string[]);
  return scopes.length === 0 ? undefined : formatScope(scopes);
}
