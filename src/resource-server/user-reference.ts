import type { UserStore } from '../core/users.js';

/** A user: the id, or the host's user object. */
export type UserReference = string | number | object;

/** The id of a user. @throws TypeError if there is none */
export function userIdOf(user: UserReference, users: UserStore | undefined): string {
  if (typeof user === 'string' && user !== '') return user;
  if (Number.isSafeInteger(user)) return String(user);
  if (typeof user === 'object' && user !== null) {
    const id: unknown = users?.idOf?.(user) ?? (user as { id?: unknown }).id;
    if (typeof id === 'string' && id !== '') return id;
    if (Number.isSafeInteger(id) || typeof id === 'bigint') return String(id);
  }
  throw new TypeError('The user has no id; pass the id itself, or define idOf in the user store.');
}
