/** Why a guard refused a request. */
export type RefusalReason =
  /** There are no credentials, and some are required. */
  | 'no_credentials'
  /** Two tokens, a repeated parameter, a broken query. */
  | 'invalid_request'
  /** The token is unknown, revoked, malformed, meant for another resource, or its user or application is disabled. */
  | 'invalid_token'
  | 'expired_token'
  /** The proof of a token that is bound to a key is missing, not good, or was used before. */
  | 'invalid_dpop_proof'
  /** The session names a user who is gone or disabled. */
  | 'invalid_session'
  /** A session without its CSRF token. */
  | 'csrf'
  /** An authenticator of the host refused in another way. */
  | 'invalid_credentials'
  | 'insufficient_scope'
  /** The user was authenticated too long ago, or not strongly enough. */
  | 'insufficient_user_authentication'
  /** A permission refused, for another reason than a scope. */
  | 'permission'
  /** A permission refused an entity (`checkObject`). */
  | 'object_permission'
  /** A throttle. */
  | 'throttled'
  /** The budget of failed authentications. */
  | 'failure_budget'
  /** The database, the user store or the throttle's store is unavailable. */
  | 'unavailable'
  /** Code of the host threw an error with a response of its own: an `HttpError`, or by `ctx.throw`. */
  | 'http_error'
  /** A fault in code of the host. */
  | 'fault';
