import { applicationPrincipal, type Principal, tokenPrincipal, userPrincipal } from './principal.js';

/** An access token that a verifier found good: a plain value, shared by every request that presents it. */
export interface VerifiedToken {
  /** SHA-256 of the token, base64url: the cache key, never the token. */
  readonly key: string;
  /** The row's id in the database, if the token has one. */
  readonly id: number | undefined;
  /** The client identifier of the application it was issued to; `undefined` for a token without application. */
  readonly clientId: string | undefined;
  readonly applicationName: string | undefined;
  /** The id of the user it acts for; `undefined` for client credentials. */
  readonly userId: string | undefined;
  /** Its scopes, in their order; frozen. */
  readonly scopes: readonly string[];
  /** The same scopes, for look-up. */
  readonly scopeSet: ReadonlySet<string>;
  /** Who it acts as, worked out once: its user, else its application. */
  readonly principal: Principal;
  /** Who it is meant for (RFC 8707); `undefined` if the token names no audience. */
  readonly audience: readonly string[] | undefined;
  readonly issuedAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
}

/** The parts of a `VerifiedToken` that can be written as JSON, as a shared cache keeps them. */
export type SerializableToken = Omit<VerifiedToken, 'scopeSet' | 'principal'>;

/**
 * Completes a token with what is derived from it, and freezes it. Each field is named: V8 gives frozen copies that were
 * made by spreading a hidden class each, and then whatever reads tokens is compiled again and again.
 */
export function verifiedToken(token: SerializableToken): VerifiedToken {
  return Object.freeze({
    key: token.key,
    id: token.id,
    clientId: token.clientId,
    applicationName: token.applicationName,
    userId: token.userId,
    scopes: Object.freeze([...token.scopes]),
    scopeSet: new Set(token.scopes),
    principal: principalOf(token),
    audience: token.audience,
    issuedAtMilliseconds: token.issuedAtMilliseconds,
    expiresAtMilliseconds: token.expiresAtMilliseconds,
  });
}

function principalOf(token: SerializableToken): Principal {
  if (token.userId !== undefined) return userPrincipal(token.userId);
  return token.clientId === undefined ? tokenPrincipal(token.key) : applicationPrincipal(token.clientId);
}

/** Whether the token is past its end at a time. */
export function isTokenExpired(token: { readonly expiresAtMilliseconds: number }, nowMilliseconds: number): boolean {
  return token.expiresAtMilliseconds <= nowMilliseconds;
}

/**
 * What a verifier says of a token. `invalid` is one answer for unknown, revoked, malformed, of another kind, of a
 * disabled user or application: a caller must not be able to tell them apart (RFC 6750 §3.1).
 */
export type Verification =
  | { readonly status: 'active'; readonly token: VerifiedToken; readonly user: unknown }
  | { readonly status: 'expired' }
  | { readonly status: 'invalid' };

export const INVALID: Verification = Object.freeze({ status: 'invalid' });
export const EXPIRED: Verification = Object.freeze({ status: 'expired' });
