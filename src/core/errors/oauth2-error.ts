import type { RefusalReason } from '../refusal-reason.js';
import type { ScopeName } from '../register.js';

/** The codes in `error` that callers of guarded actions can receive. */
export type OAuth2ErrorCode =
  | 'authentication_required'
  | 'invalid_request'
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'access_denied'
  | 'throttled'
  | 'temporarily_unavailable'
  | 'invalid_scope'
  | 'invalid_client'
  | 'server_error';

/** What an error may contain besides its description. */
export interface OAuth2ErrorDetails {
  /** The scopes that would have been sufficient: names, or alternatives as a list of lists. */
  readonly requiredScopes?: readonly ScopeName[] | readonly (readonly ScopeName[])[];
  /** The scopes that the token has. */
  readonly providedScopes?: readonly string[];
  /** The authentication contexts (`acr`) that would be enough; become `acr_values` of the challenge (RFC 9470 §3). */
  readonly acrValues?: readonly string[];
  /** How old the authentication of the user may be, in seconds; becomes `max_age` of the challenge (RFC 9470 §3). */
  readonly maxAgeSeconds?: number;
  /** After how many whole seconds to retry; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Whether the refusal has nothing to do with credentials, so that the response has no challenge. */
  readonly withoutChallenge?: boolean;
  /** The authentication scheme that was used: then the challenges of other schemes do not name the error. */
  readonly scheme?: string;
  /** Further header fields of the response. */
  readonly fields?: Readonly<Record<string, string>>;
  /** For the log only, never sent to a caller. */
  readonly detail?: string;
  /** The error that led to this one; for the log only. */
  readonly cause?: unknown;
  /** For the log only: what is unavailable, e.g. `database`. For each part, one line per second is written. */
  readonly part?: string;
  /** For events: a reason more specific than the code. */
  readonly reason?: RefusalReason;
  /** For events: the user whose credentials were valid but not sufficient. */
  readonly userId?: string;
  /** For events: the class of the permission that refused. */
  readonly permission?: string;
}

/** The JSON form of an error, which is also the body of its response unless the option `errorBody` says otherwise. */
export interface OAuth2ErrorJson {
  /** The code of the error. */
  readonly error: OAuth2ErrorCode;
  /** What it means, for developers. */
  readonly error_description: string;
}

const NO_DETAILS: OAuth2ErrorDetails = Object.freeze({});
/**
 * The JSON forms of errors, by code and description: of both there are few. A form per error, remembered in a `WeakMap`,
 * would make the garbage collector the most expensive part of a storm of refusals.
 */
const JSON_FORMS = new Map<string, OAuth2ErrorJson>();
const MOST_FORMS = 1_000;

/**
 * Every refusal of this package. `message` is the public description, sent as `error_description`;
 * `details.detail` and `details.cause` are for the log and never leave the process.
 *
 * What it says cannot be changed. The response is made from it: by the guard, or by `oauth2.errorResponse(error)` in an
 * error handler of the host's. It stays extensible, since tools that watch errors put marks of their own on them.
 *
 * @example
 * ```ts
 * import { OAuth2Error } from 'routing-controllers-oauth2';
 *
 * export function advice(error: unknown): string {
 *   if (!(error instanceof OAuth2Error)) throw error;
 *   switch (error.code) {
 *     case 'insufficient_scope':
 *       return `Ask for ${String(error.details.requiredScopes)}.`;
 *     case 'throttled':
 *       return `Wait ${error.details.retryAfterSeconds} seconds.`;
 *     default:
 *       return error.message;
 *   }
 * }
 * ```
 */
export abstract class OAuth2Error extends Error {
  /** The code of the error; every class also has it as a static member. */
  declare readonly code: OAuth2ErrorCode;
  /** The HTTP status of the response. */
  declare readonly status: number;
  /** The same under the name that routing-controllers reads. */
  declare readonly httpCode: number;
  /** Tells Koa that `message` may be sent. */
  declare readonly expose: true;
  /** Further details; frozen. */
  declare readonly details: OAuth2ErrorDetails;

  constructor(code: OAuth2ErrorCode, status: number, description: string, details: OAuth2ErrorDetails = NO_DETAILS) {
    super(description, details.cause === undefined ? undefined : { cause: details.cause });
    fix(this, 'code', code, true);
    fix(this, 'message', description, false);
    fix(this, 'httpCode', status, false);
    fix(this, 'details', Object.isFrozen(details) ? details : Object.freeze({ ...details }), false);
  }

  /** Its JSON form, frozen. */
  toJSON(): OAuth2ErrorJson {
    const key = `${this.code} ${this.message}`;
    const known = JSON_FORMS.get(key);
    if (known !== undefined) return known;
    const form = Object.freeze({ error: this.code, error_description: this.message });
    // A host may put something of each request into its descriptions.
    if (JSON_FORMS.size < MOST_FORMS) JSON_FORMS.set(key, form);
    return form;
  }
}

function fix(target: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, name, { value, enumerable, writable: false, configurable: false });
}

/**
 * Properties of an error that Koa reads and also assigns to (`status` in its error handler; `status` and `expose` in
 * `ctx.throw(error)`). In strict mode, assigning to a read-only property would throw, so assignments are ignored.
 */
const READ_BY_OTHERS: Readonly<Record<string, (this: OAuth2Error) => unknown>> = {
  name() {
    return this.constructor.name;
  },
  status() {
    return this.httpCode;
  },
  expose: () => true,
};
for (const [name, get] of Object.entries(READ_BY_OTHERS)) {
  Object.defineProperty(OAuth2Error.prototype, name, { get, set: () => undefined, configurable: true });
}
