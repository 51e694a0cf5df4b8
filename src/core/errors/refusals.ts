import { OAuth2Error, type OAuth2ErrorDetails } from './oauth2-error.js';

/**
 * 401 without `error` in the challenge: the request carries no credentials (RFC 6750 §3.1).
 *
 * @example
 * ```ts
 * import type { Context } from 'koa';
 * import { AuthenticationRequiredError } from 'routing-controllers-oauth2';
 *
 * export function requireKey(context: Context): string {
 *   const key = context.get('X-Api-Key');
 *   if (key === '') throw new AuthenticationRequiredError('Send your key as X-Api-Key.');
 *   return key;
 * }
 * ```
 */
export class AuthenticationRequiredError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'authentication_required';
  /** The code of this class. */
  declare readonly code: typeof AuthenticationRequiredError.code;

  constructor(description = 'Authentication credentials were not provided.', details?: OAuth2ErrorDetails) {
    super(AuthenticationRequiredError.code, 401, description, details);
  }
}

/**
 * 400: the request presents credentials in more than one way, or a parameter twice (RFC 6750 §3.1). `details.status` is
 * another 4xx, e.g. 413 for a body that is too large.
 *
 * @example
 * ```ts
 * import { InvalidRequestError } from 'routing-controllers-oauth2';
 *
 * export function oneOf(parameters: readonly string[]): string | undefined {
 *   if (parameters.length > 1) throw new InvalidRequestError('The parameter tenant is repeated.');
 *   return parameters[0];
 * }
 * ```
 */
export class InvalidRequestError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'invalid_request';
  /** The code of this class. */
  declare readonly code: typeof InvalidRequestError.code;

  constructor(description: string, details?: OAuth2ErrorDetails & { readonly status?: number }) {
    super(InvalidRequestError.code, details?.status ?? 400, description, details);
  }
}

/**
 * 401: the token is unknown, malformed, revoked, expired or of another kind (RFC 6750 §3.1).
 *
 * @example
 * ```ts
 * import { InvalidTokenError, type TokenService, type VerifiedToken } from 'routing-controllers-oauth2';
 *
 * export async function tokenOf(tokens: TokenService, value: string): Promise<VerifiedToken | undefined> {
 *   try {
 *     return await tokens.verify(value);
 *   } catch (error) {
 *     if (error instanceof InvalidTokenError) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 */
export class InvalidTokenError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'invalid_token';
  /** The code of this class. */
  declare readonly code: typeof InvalidTokenError.code;

  constructor(description = 'The access token is invalid.', details?: OAuth2ErrorDetails) {
    super(InvalidTokenError.code, 401, description, details);
  }
}

/**
 * 401: the DPoP proof of a token that is bound to a key is missing, not valid, or was used before (RFC 9449 §7.1).
 *
 * @example
 * ```ts
 * import { InvalidDPoPProofError, type OAuth2Error } from 'routing-controllers-oauth2';
 *
 * export function isAboutProof(error: OAuth2Error): boolean {
 *   return error instanceof InvalidDPoPProofError;
 * }
 * ```
 */
export class InvalidDPoPProofError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'invalid_dpop_proof';
  /** The code of this class. */
  declare readonly code: typeof InvalidDPoPProofError.code;

  constructor(description: string) {
    super(InvalidDPoPProofError.code, 401, description, { scheme: 'DPoP' });
  }
}

/**
 * 401 with `DPoP-Nonce`: the DPoP proof has to hold that nonce (RFC 9449 §9).
 *
 * @example
 * ```ts
 * import { type OAuth2Error, UseDPoPNonceError } from 'routing-controllers-oauth2';
 *
 * export function isWorthARetry(error: OAuth2Error): boolean {
 *   return error instanceof UseDPoPNonceError;
 * }
 * ```
 */
export class UseDPoPNonceError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'use_dpop_nonce';
  /** The code of this class. */
  declare readonly code: typeof UseDPoPNonceError.code;

  /** @param nonce the one to be used from now on */
  constructor(nonce: string) {
    super(UseDPoPNonceError.code, 401, 'The resource requires a nonce in the DPoP proof.', {
      scheme: 'DPoP',
      fields: { 'DPoP-Nonce': nonce },
    });
  }
}

/** The description of an expired token. */
export const TOKEN_EXPIRED = 'The access token has expired.';

/**
 * 403: the token lacks a scope (RFC 6750 §3.1). `details.requiredScopes` are those that would be enough.
 *
 * @example
 * ```ts
 * import { InsufficientScopeError, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * export function requireExport(access: RequestAccess, rows: number): void {
 *   if (rows <= 1000 || access.hasScopes(['export'])) return;
 *   throw new InsufficientScopeError({ requiredScopes: ['export'], providedScopes: access.scopes });
 * }
 * ```
 */
export class InsufficientScopeError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'insufficient_scope';
  /** The code of this class. */
  declare readonly code: typeof InsufficientScopeError.code;

  constructor(
    details: OAuth2ErrorDetails,
    description = 'The request requires higher privileges than provided by the access token.',
  ) {
    super(InsufficientScopeError.code, 403, description, details);
  }
}

/**
 * 401: the user was authenticated too long ago, or not strongly enough (RFC 9470 §3). `details.acrValues` and
 * `details.maxAgeSeconds` say what would be enough; they stand in the challenge.
 *
 * @example
 * ```ts
 * import { InsufficientUserAuthenticationError, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * export function requireSecondFactor({ token }: RequestAccess, amount: number): void {
 *   if (amount < 1000 || token?.amr?.includes('otp') === true) return;
 *   throw new InsufficientUserAuthenticationError({ acrValues: ['urn:example:otp'] });
 * }
 * ```
 */
export class InsufficientUserAuthenticationError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'insufficient_user_authentication';
  /** The code of this class. */
  declare readonly code: typeof InsufficientUserAuthenticationError.code;

  constructor(details: OAuth2ErrorDetails, description = 'A stronger or more recent authentication is required.') {
    super(InsufficientUserAuthenticationError.code, 401, description, details);
  }
}

/**
 * 403: a permission refused for another reason than a scope. The code is that of RFC 6749 §4.1.2.1; RFC 6750 has none for
 * this, so the challenge is left out.
 *
 * @example
 * ```ts
 * import { AccessDeniedError, type Permission, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * export class DuringOfficeHours implements Permission {
 *   hasPermission(_access: RequestAccess): boolean {
 *     const hour = new Date().getUTCHours();
 *     if (hour < 8 || hour >= 18) throw new AccessDeniedError('Come back between 8 and 18 o’clock UTC.');
 *     return true;
 *   }
 * }
 * ```
 */
export class AccessDeniedError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'access_denied';
  /** The code of this class. */
  declare readonly code: typeof AccessDeniedError.code;

  constructor(description = 'You do not have permission to perform this action.', details?: OAuth2ErrorDetails) {
    super(AccessDeniedError.code, 403, description, details);
  }
}

/**
 * 429: a throttle refused (RFC 6585 §4).
 *
 * @example
 * ```ts
 * import { ThrottledError } from 'routing-controllers-oauth2';
 * import type { KeyedThrottle } from 'routing-controllers-oauth2/throttling';
 *
 * export async function sendMail(throttle: KeyedThrottle, recipient: string): Promise<void> {
 *   const { allowed, retryAfterSeconds } = await throttle(recipient);
 *   if (!allowed) throw new ThrottledError(retryAfterSeconds);
 * }
 * ```
 */
export class ThrottledError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'throttled';
  /** The code of this class. */
  declare readonly code: typeof ThrottledError.code;

  /** @param retryAfterSeconds after how many whole seconds to retry; becomes `Retry-After` */
  constructor(retryAfterSeconds: number) {
    const unit = retryAfterSeconds === 1 ? 'second' : 'seconds';
    const description = `Request was throttled. Expected available in ${retryAfterSeconds} ${unit}.`;
    super(ThrottledError.code, 429, description, { retryAfterSeconds });
  }
}

/**
 * 503 with `Retry-After`: a service that the decision needs is unavailable (database, Redis, the store of the
 * throttle). The code is that of RFC 6749 §4.1.2.1.
 *
 * @example
 * ```ts
 * import { TemporarilyUnavailableError } from 'routing-controllers-oauth2';
 *
 * export async function plan(userId: string): Promise<unknown> {
 *   try {
 *     return await (await fetch(`https://billing.example/plans/${userId}`)).json();
 *   } catch (cause) {
 *     throw new TemporarilyUnavailableError({ cause, part: 'billing', retryAfterSeconds: 5 });
 *   }
 * }
 * ```
 */
export class TemporarilyUnavailableError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'temporarily_unavailable';
  /** The code of this class. */
  declare readonly code: typeof TemporarilyUnavailableError.code;

  constructor(
    details: OAuth2ErrorDetails,
    description = 'The server is temporarily unable to decide on this request.',
  ) {
    super(TemporarilyUnavailableError.code, 503, description, { retryAfterSeconds: 1, ...details });
  }
}

/**
 * 400: a scope that is unknown, or not allowed for the application (RFC 6749 §5.2).
 *
 * @example
 * ```ts
 * import { InvalidScopeError, type TokenService } from 'routing-controllers-oauth2';
 *
 * export async function issueTo(tokens: TokenService, application: string, scope: string): Promise<string | undefined> {
 *   try {
 *     return (await tokens.issue({ application, scope })).access_token;
 *   } catch (error) {
 *     if (error instanceof InvalidScopeError) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 */
export class InvalidScopeError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'invalid_scope';
  /** The code of this class. */
  declare readonly code: typeof InvalidScopeError.code;

  constructor(description: string) {
    super(InvalidScopeError.code, 400, description);
  }
}

/**
 * 401: the application is unknown or disabled (RFC 6749 §5.2).
 *
 * @example
 * ```ts
 * import { InvalidClientError, type OAuth2 } from 'routing-controllers-oauth2';
 *
 * export async function endTokensOf(oauth2: OAuth2, clientId: string): Promise<boolean> {
 *   try {
 *     await oauth2.tokens.revokeAllOf({ application: clientId });
 *     return true;
 *   } catch (error) {
 *     if (error instanceof InvalidClientError) return false;
 *     throw error;
 *   }
 * }
 * ```
 */
export class InvalidClientError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'invalid_client';
  /** The code of this class. */
  declare readonly code: typeof InvalidClientError.code;

  constructor(description: string) {
    super(InvalidClientError.code, 401, description);
  }
}

/**
 * 500: a fault in the host's code or in this package's, whose cause is logged and not sent. The code is that of RFC 6749
 * §4.1.2.1.
 *
 * @example
 * ```ts
 * import { type OAuth2Error, ServerError } from 'routing-controllers-oauth2';
 *
 * export function bodyOf(error: OAuth2Error): object {
 *   return error instanceof ServerError ? { message: 'Something broke; we were told.' } : error.toJSON();
 * }
 * ```
 */
export class ServerError extends OAuth2Error {
  /** The code of this class. */
  static readonly code = 'server_error';
  /** The code of this class. */
  declare readonly code: typeof ServerError.code;

  /** @param cause what was thrown */
  constructor(cause: unknown) {
    super(ServerError.code, 500, 'The server met an unexpected condition.', { cause });
  }
}
