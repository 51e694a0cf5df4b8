import type { RefusalReason } from './refusal-reason.js';

/** The closed set of codes that a caller of a guarded action can meet in `error`. */
export type OAuth2ErrorCode =
  | 'authentication_required'
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'access_denied'
  | 'throttled'
  | 'temporarily_unavailable'
  | 'invalid_scope'
  | 'invalid_client'
  | 'server_error';

/** What an error may carry beside its description. */
export interface OAuth2ErrorDetails {
  /** The scopes that would have been enough: names, or alternatives as a list of lists. */
  readonly requiredScopes?: readonly string[] | readonly (readonly string[])[];
  /** The scopes that the token has. */
  readonly providedScopes?: readonly string[];
  /** In how many whole seconds a next try makes sense; becomes `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Whether the refusal has nothing to do with credentials, so that no challenge belongs to it. */
  readonly withoutChallenge?: boolean;
  /** For the log only, never sent to a caller. */
  readonly detail?: string;
  readonly cause?: unknown;
  /** For the log only: what is away, e.g. `database`. Of one part that is away, one line is written a second. */
  readonly part?: string;
  /** For events: what the code does not tell apart. */
  readonly reason?: RefusalReason;
  /** For events: the user whose credentials were good, but not enough. */
  readonly userId?: string;
}

/**
 * Every refusal of this package. `message` is the public description, sent as `error_description`;
 * `detail` and `cause` are for the log and never leave the process.
 *
 * `status`, `httpCode`, `expose` and `headers` are what Koa and routing-controllers read. They are writable,
 * because Koa's own error handler assigns to them, and not enumerable, so that they are never serialized.
 */
export class OAuth2Error extends Error {
  readonly code: OAuth2ErrorCode;
  declare status: number;
  declare httpCode: number;
  declare expose: boolean;
  /** Response header fields; filled in where the response is made (challenge, `Retry-After`, `Cache-Control`). */
  declare headers: Record<string, string>;
  declare readonly details: OAuth2ErrorDetails;
  /** For events: the class of the permission that refused. */
  declare refusedBy: string | undefined;
  /** What `toJSON` answers; the response's error body, set where the response is made. */
  declare body: unknown;

  constructor(code: OAuth2ErrorCode, status: number, description: string, details: OAuth2ErrorDetails = {}) {
    super(description, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    hidden(this, 'name', new.target.name);
    hidden(this, 'status', status);
    hidden(this, 'httpCode', status);
    hidden(this, 'expose', true);
    hidden(this, 'headers', {});
    hidden(this, 'details', details);
    hidden(this, 'refusedBy', undefined);
    hidden(this, 'body', undefined);
  }

  /** The JSON body of the response: `{error, error_description}` unless a body was set. */
  toJSON(): unknown {
    return this.body ?? { error: this.code, error_description: this.message };
  }
}

function hidden(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** 401 without `error` in the challenge: the request carries no credentials (RFC 6750 §3.1). */
export class AuthenticationRequiredError extends OAuth2Error {
  constructor(description = 'Authentication credentials were not provided.', details?: OAuth2ErrorDetails) {
    super('authentication_required', 401, description, details);
  }
}

/** 400: the request presents credentials in more than one way, or a parameter twice (RFC 6750 §3.1). */
export class InvalidRequestError extends OAuth2Error {
  constructor(description: string, details?: OAuth2ErrorDetails & { readonly status?: number }) {
    super('invalid_request', details?.status ?? 400, description, details);
  }
}

/** 401: the token is unknown, malformed, revoked, expired or of another kind (RFC 6750 §3.1). */
export class InvalidTokenError extends OAuth2Error {
  constructor(description = 'The access token is invalid.', details?: OAuth2ErrorDetails) {
    super('invalid_token', 401, description, details);
  }
}

/** The description of an expired token. */
export const TOKEN_EXPIRED = 'The access token has expired.';

/** 403: the token lacks a scope (RFC 6750 §3.1). */
export class InsufficientScopeError extends OAuth2Error {
  constructor(
    details: OAuth2ErrorDetails,
    description = 'The request requires higher privileges than provided by the access token.',
  ) {
    super('insufficient_scope', 403, description, details);
  }
}

/** 403: a permission refused for another reason than a scope. */
export class AccessDeniedError extends OAuth2Error {
  constructor(description = 'You do not have permission to perform this action.', details?: OAuth2ErrorDetails) {
    super('access_denied', 403, description, details);
  }
}

/** 429: a throttle refused (RFC 6585 §4). */
export class ThrottledError extends OAuth2Error {
  constructor(retryAfterSeconds: number) {
    const unit = retryAfterSeconds === 1 ? 'second' : 'seconds';
    super('throttled', 429, `Request was throttled. Expected available in ${retryAfterSeconds} ${unit}.`, {
      retryAfterSeconds,
    });
  }
}

/** 503: something that the decision needs is away (database, Redis, the throttle's store). */
export class TemporarilyUnavailableError extends OAuth2Error {
  constructor(
    details: OAuth2ErrorDetails,
    description = 'The server is temporarily unable to decide on this request.',
  ) {
    super('temporarily_unavailable', 503, description, { retryAfterSeconds: 1, ...details });
  }
}

/** 400: a scope that is unknown, or not allowed for the application (RFC 6749 §5.2). */
export class InvalidScopeError extends OAuth2Error {
  constructor(description: string) {
    super('invalid_scope', 400, description);
  }
}

/** 401: the application is unknown or disabled (RFC 6749 §5.2). */
export class InvalidClientError extends OAuth2Error {
  constructor(description: string) {
    super('invalid_client', 401, description);
  }
}

/**
 * A mistake in options or declarations, found at start-up. The message names the option or action, the value
 * and the fix. It never reaches a caller.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'configuration_error';
  /** The option that was refused, e.g. `cache.maxEntries`; none where it is not about one. */
  readonly option: string | undefined;
  /** What to write instead, without the value that was refused. */
  readonly fix: string | undefined;

  constructor(message: string, options: ErrorOptions & { readonly option?: string; readonly fix?: string } = {}) {
    super(message, options);
    this.option = options.option;
    this.fix = options.fix;
  }
}
