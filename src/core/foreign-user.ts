import { principalKey } from './principal.js';
import type { VerifiedToken } from './verified-token.js';

/**
 * A user of a foreign issuer for whom the host names no user of its own: what `access.user` and `@CurrentUser()` give.
 * It has no `id`, so that it cannot be taken for the host's user of the same number.
 *
 * @example
 * ```ts
 * import { ForeignUser, type RequestAccess } from 'routing-controllers-oauth2';
 *
 * // How a request stands in an audit log.
 * export function actorOf(access: RequestAccess): string {
 *   const { user } = access;
 *   return user instanceof ForeignUser ? `${user.subject} of ${user.issuer}` : (access.userId ?? 'nobody');
 * }
 * ```
 */
export class ForeignUser {
  constructor(
    /** The issuer as its tokens name it (`iss`). */
    readonly issuer: string,
    /** The user's identifier at that issuer (`sub`); it has no meaning elsewhere. */
    readonly subject: string,
  ) {
    Object.freeze(this);
  }

  /** The key of the user's principal, e.g. `user@https://issuer.example|5`. */
  toString(): string {
    return principalKey('user', this.subject, this.issuer);
  }
}

/** The user of a token whose principal is a user of a foreign issuer; `undefined` for every other token. */
export function foreignUserOf({ issuer, subject, userId }: VerifiedToken): ForeignUser | undefined {
  return userId !== undefined || issuer === undefined || subject === undefined
    ? undefined
    : new ForeignUser(issuer, subject);
}
