import { type Claims, freezeClaims, NO_CLAIMS } from './claims.js';
import { type Confirmation, confirmation } from './confirmation.js';
import { applicationPrincipal, type Principal, tokenPrincipal, userPrincipal } from './principal.js';
import type { ScopeName } from './register.js';

/** A verified access token: an immutable value, shared by every request that presents it. */
export interface VerifiedToken {
  /** SHA-256 of the token, base64url: the cache key, never the token. */
  readonly key: string;
  /** The row's id in the database, if the token has one. */
  readonly id: number | undefined;
  /**
   * The foreign issuer (`iss`) that `subject` and `clientId` belong to; `undefined`: they are this application's own users
   * and applications.
   */
  readonly issuer: string | undefined;
  /** The user it acts for, as its issuer names it (`sub`); `undefined` for client credentials. */
  readonly subject: string | undefined;
  /** The client identifier, at its issuer, of the application it was issued to; `undefined` for a token without one. */
  readonly clientId: string | undefined;
  /** The name of its application, if it is known. */
  readonly applicationName: string | undefined;
  /**
   * The host's id of the user it acts for; `undefined` for client credentials, and for a user of a foreign issuer unless the
   * verifier's option `user` named one of the host's.
   */
  readonly userId: string | undefined;
  /** Its scopes, in their order; frozen. */
  readonly scopes: readonly string[];
  /** The same scopes, for look-up. */
  readonly scopeSet: ReadonlySet<string>;
  /** Its principal, determined once: its user, otherwise its application. */
  readonly principal: Principal;
  /** Its audience (RFC 8707); `undefined` if the token names none. */
  readonly audience: readonly string[] | undefined;
  /** When it was issued, in milliseconds since the Unix epoch. */
  readonly issuedAtMilliseconds: number;
  /** When it expires, in milliseconds since the Unix epoch. */
  readonly expiresAtMilliseconds: number;
  /** The authentication context class (`acr`; RFC 9470 §3). */
  readonly acr: string | undefined;
  /** When the user authenticated (`auth_time`), in milliseconds since the Unix epoch. */
  readonly authenticatedAtMilliseconds: number | undefined;
  /** The authentication methods (RFC 8176); frozen. */
  readonly amr: readonly string[] | undefined;
  /** What its holder must prove; `undefined` for a bearer token. */
  readonly confirmation: Confirmation | undefined;
  /** All claims of its issuer; deeply frozen, and empty for tokens of the database. */
  readonly claims: Claims;
  /** Whether the token has expired at a time in milliseconds since the Unix epoch, by default now. */
  isExpired(nowMilliseconds?: number): boolean;
  /** Whether it has all of these scopes. */
  hasScopes(...names: readonly ScopeName[]): boolean;
}

type Derived = 'scopeSet' | 'principal' | 'isExpired' | 'hasScopes';
type Optional =
  | 'id'
  | 'issuer'
  | 'subject'
  | 'clientId'
  | 'applicationName'
  | 'userId'
  | 'audience'
  | 'acr'
  | 'authenticatedAtMilliseconds'
  | 'amr'
  | 'confirmation'
  | 'claims';

/** The parts of a `VerifiedToken` that are written as JSON into a shared cache. */
export type SerializableToken = Omit<VerifiedToken, Derived>;

/** The result of a verifier; missing members are unknown. */
export type TokenDetails = Omit<VerifiedToken, Derived | Optional> & Partial<Pick<VerifiedToken, Optional>>;

/** A class with every field declared, so that all tokens have the same hidden class, wherever they come from. */
class Verified implements VerifiedToken {
  readonly key: string;
  readonly id: number | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
  readonly applicationName: string | undefined;
  readonly userId: string | undefined;
  readonly scopes: readonly string[];
  readonly scopeSet: ReadonlySet<string>;
  readonly principal: Principal;
  readonly audience: readonly string[] | undefined;
  readonly issuedAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly acr: string | undefined;
  readonly authenticatedAtMilliseconds: number | undefined;
  readonly amr: readonly string[] | undefined;
  readonly confirmation: Confirmation | undefined;
  readonly claims: Claims;

  constructor(token: TokenDetails) {
    checkTimes(token);
    const subject = token.subject ?? (token.issuer === undefined ? token.userId : undefined);
    this.key = token.key;
    this.id = token.id;
    this.issuer = token.issuer;
    this.subject = subject;
    this.clientId = token.clientId;
    this.applicationName = token.applicationName;
    this.userId = token.userId;
    this.scopes = Object.freeze([...token.scopes]);
    this.scopeSet = new Set(token.scopes);
    this.principal = principalOf(token, subject);
    this.audience = frozenList(token.audience);
    this.issuedAtMilliseconds = token.issuedAtMilliseconds;
    this.expiresAtMilliseconds = token.expiresAtMilliseconds;
    this.acr = token.acr;
    this.authenticatedAtMilliseconds = token.authenticatedAtMilliseconds;
    this.amr = frozenList(token.amr);
    this.confirmation = confirmation(token.confirmation?.jkt, token.confirmation?.x5tS256);
    this.claims = token.claims === undefined ? NO_CLAIMS : freezeClaims(token.claims);
    Object.freeze(this);
  }

  isExpired(nowMilliseconds: number = Date.now()): boolean {
    return isTokenExpired(this, nowMilliseconds);
  }

  hasScopes(...names: readonly ScopeName[]): boolean {
    for (const name of names) if (!this.scopeSet.has(name)) return false;
    return true;
  }
}

/**
 * Makes the token that a verifier answers with: completes it with what is derived from it, and freezes it, its claims to
 * their depth.
 *
 * @param token what is known of it; times in milliseconds since the Unix epoch
 * @returns the token, frozen
 * @throws TypeError if a time is missing or no number, or if it names a `subject` without saying whose: give `issuer`, or
 *   `userId` for a user of the host
 *
 * @example
 * ```ts
 * import { type TokenVerifier, verifiedToken } from 'routing-controllers-oauth2';
 *
 * interface Key {
 *   readonly owner: string;
 *   readonly createdAt: Date;
 *   readonly endsAt: Date;
 * }
 *
 * // Keys of a table of the host's, presented as bearer tokens.
 * export const keysOf = (find: (digest: string) => Promise<Key | undefined>): TokenVerifier => ({
 *   async verify(_token, key) {
 *     const found = await find(key);
 *     if (found === undefined) return { status: 'invalid' };
 *     const token = verifiedToken({
 *       key,
 *       userId: found.owner,
 *       scopes: ['read'],
 *       issuedAtMilliseconds: found.createdAt.getTime(),
 *       expiresAtMilliseconds: found.endsAt.getTime(),
 *     });
 *     return { status: 'active', token, user: undefined };
 *   },
 * });
 * ```
 */
export function verifiedToken(token: TokenDetails): VerifiedToken {
  return new Verified(token);
}

/** Whether a value was created by `verifiedToken`. */
export function isVerifiedToken(value: unknown): value is VerifiedToken {
  return value instanceof Verified;
}

/** No comparison with what is no number is true, so that such a token would never expire. */
function checkTimes(token: TokenDetails): void {
  for (const name of ['issuedAtMilliseconds', 'expiresAtMilliseconds'] as const) {
    const time: unknown = token[name];
    if (typeof time !== 'number' || Number.isNaN(time)) throw new TypeError(`A token needs ${name}, as a number.`);
  }
}

function principalOf({ key, issuer, clientId, userId }: TokenDetails, subject: string | undefined): Principal {
  if (userId !== undefined) return userPrincipal(userId);
  if (subject !== undefined) {
    if (issuer !== undefined) return userPrincipal(subject, issuer);
    throw new TypeError('A token with a subject needs its issuer, or the userId of a user of the host.');
  }
  return clientId === undefined ? tokenPrincipal(key, issuer) : applicationPrincipal(clientId, issuer);
}

function frozenList(list: readonly string[] | undefined): readonly string[] | undefined {
  return list === undefined || Object.isFrozen(list) ? list : Object.freeze([...list]);
}

/** Whether the token has expired at a time. */
export function isTokenExpired(token: { readonly expiresAtMilliseconds: number }, nowMilliseconds: number): boolean {
  return token.expiresAtMilliseconds <= nowMilliseconds;
}

/** The authentication scheme that presents a token: one that is bound to a key needs DPoP (RFC 9449 §7.1). */
export function schemeOf(token: Pick<VerifiedToken, 'confirmation'>): 'Bearer' | 'DPoP' {
  return token.confirmation?.jkt === undefined ? 'Bearer' : 'DPoP';
}

/** The client identifier of a token of this application itself; `undefined` for one of a foreign issuer. */
export function ownClientIdOf(token: Pick<VerifiedToken, 'issuer' | 'clientId'>): string | undefined {
  return token.issuer === undefined ? token.clientId : undefined;
}

/** A valid token, and its user. */
export interface ActiveVerification {
  /** Tells the outcomes apart. */
  readonly status: 'active';
  /** The token. */
  readonly token: VerifiedToken;
  /**
   * The host's user, or a `ForeignUser`; `undefined` for an application alone. A verifier of the host's own may leave it out:
   * then it is found by the token.
   */
  readonly user?: unknown;
  /**
   * How long a process may keep this answer, in milliseconds, in place of the cache's own bound and never beyond the
   * token's expiry. If the host can revoke something, its own token or a user of its own, it can only shorten the
   * bound.
   */
  readonly keepMilliseconds?: number | undefined;
}

/**
 * The result of a verifier. `invalid` is the same for tokens that are unknown, revoked, malformed or of another kind,
 * and for those of a disabled user or application: a caller must not be able to distinguish them (RFC 6750 §3.1).
 */
export type Verification =
  | ActiveVerification
  | {
      /** The token was valid, and is not any more. */
      readonly status: 'expired';
    }
  | {
      /** There is no such token, or it may not be used. */
      readonly status: 'invalid';
    };

export const INVALID: Verification = Object.freeze({ status: 'invalid' });
export const EXPIRED: Verification = Object.freeze({ status: 'expired' });

/** How long an answer may be kept by a cache whose own bound for revocations is `maxAgeMilliseconds`. */
export function keptMilliseconds({ token, keepMilliseconds }: ActiveVerification, maxAgeMilliseconds: number): number {
  if (keepMilliseconds === undefined) return maxAgeMilliseconds;
  const isRevocable = token.issuer === undefined || token.userId !== undefined;
  return isRevocable ? Math.min(keepMilliseconds, maxAgeMilliseconds) : keepMilliseconds;
}

/** The answer for a valid token, always with the same shape. */
export function activeVerification(
  token: VerifiedToken,
  user: unknown,
  keepMilliseconds: number | undefined = undefined,
): ActiveVerification {
  return { status: 'active', token, user, keepMilliseconds };
}
