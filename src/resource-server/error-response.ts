import type { Context } from 'koa';
import { type ChallengeParameters } from '../core/challenge.js';
import type { OAuth2Error } from '../core/errors.js';
import { formatScope } from '../core/scopes.js';
import type { Authenticator } from './authentication/authenticator.js';

/** The body of a refusal: this package's, DRF's `{detail}`, or one of your own. */
export type ErrorBody = 'oauth2' | 'drf' | ((error: OAuth2Error) => unknown);

/** How refusals look. */
export interface ErrorResponseOptions {
  readonly realm: string;
  readonly errorBody: ErrorBody;
  /** Whether the body of a scope refusal lists required and provided scopes. */
  readonly errorResponseWithScopes: boolean;
  readonly authenticators: readonly Authenticator[];
}

/** Makes the header fields and the body of a refusal (RFC 6750 §3, RFC 6585 §4). */
export class ErrorResponder {
  private readonly bareChallenge: string | undefined;
  private readonly makeBody: (error: OAuth2Error) => unknown;

  constructor(private readonly options: ErrorResponseOptions) {
    this.bareChallenge = this.challenge({});
    const { errorBody } = options;
    if (typeof errorBody === 'function') this.makeBody = errorBody;
    else
      this.makeBody = errorBody === 'drf' ? (error) => ({ detail: error.message }) : (error) => this.oauth2Body(error);
  }

  /** Fills in `headers` and `body` of an error; `status` it has. */
  prepare(error: OAuth2Error): void {
    const { status } = error;
    const headers: Record<string, string> = {};
    const challenge = this.challengeOf(error);
    if (challenge !== undefined) headers['WWW-Authenticate'] = challenge;
    if (error.details.retryAfterSeconds !== undefined) headers['Retry-After'] = String(error.details.retryAfterSeconds);
    if (status === 401 || status === 403 || status === 429) headers['Cache-Control'] = 'no-store';
    error.headers = headers;
    error.body = this.makeBody(error);
  }

  /** Writes the response of a refusal. */
  respond(context: Context, error: OAuth2Error): void {
    this.prepare(error);
    context.status = error.status;
    context.set(error.headers);
    // Koa would keep the type of a body that was set before.
    context.type = 'application/json';
    context.body = error.toJSON();
  }

  private challengeOf(error: OAuth2Error): string | undefined {
    if (error.details.withoutChallenge) return undefined;
    switch (error.code) {
      case 'authentication_required':
        return this.bareChallenge;
      case 'invalid_request':
      case 'invalid_token':
      case 'insufficient_scope':
        return this.challenge({
          error: error.code,
          errorDescription: error.message,
          scope: error.code === 'insufficient_scope' ? scopeToAskFor(error) : undefined,
        });
      default:
        return undefined;
    }
  }

  private challenge(parameters: ChallengeParameters): string | undefined {
    const { authenticators, realm } = this.options;
    const challenges = authenticators
      .map((one) => one.challenge?.(realm, parameters))
      .filter((one) => one !== undefined);
    return challenges.length === 0 ? undefined : challenges.join(', ');
  }

  private oauth2Body(error: OAuth2Error): unknown {
    const body = { error: error.code, error_description: error.message };
    const { requiredScopes, providedScopes } = error.details;
    if (!this.options.errorResponseWithScopes || requiredScopes === undefined) return body;
    return { ...body, required_scopes: requiredScopes, provided_scopes: providedScopes ?? [] };
  }
}

/** The `scope` of the challenge is a list and cannot say "or": of several alternatives it names the first. */
function scopeToAskFor(error: OAuth2Error): string | undefined {
  const required = error.details.requiredScopes;
  if (required === undefined || required.length === 0) return undefined;
  const [first] = required;
  return formatScope(typeof first === 'string' ? (required as readonly string[]) : (first as readonly string[]));
}
