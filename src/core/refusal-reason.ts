/** Why a guard refused a request. */
export type RefusalReason =
  /** There are no credentials, and some are needed. */
  | 'no_credentials'
  /** Two tokens, a repeated parameter, a broken query. */
  | 'invalid_request'
  /** The token is unknown, revoked, malformed, meant for another resource, or its user or application is disabled. */
  | 'invalid_token'
  | 'expired_token'
  /** The session names a user who is gone or disabled. */
  | 'invalid_session'
  /** A session without its CSRF token. */
  | 'csrf'
  /** An authenticator of the host's refused in another way. */
  | 'invalid_credentials'
  | 'insufficient_scope'
  /** A permission said no, for another reason than a scope. */
  | 'permission'
  /** A permission said no to an entity (`checkObject`). */
  | 'object_permission'
  /** A throttle. */
  | 'throttled'
  /** The budget of failed authentications. */
  | 'failure_budget'
  /** The database, the user store or the throttle's store is away. */
  | 'unavailable'
  /** A part of the host threw an error that says how it is to be answered: an `HttpError`, or `ctx.throw`. */
  | 'http_error'
  /** A part of the host failed. */
  | 'fault';
