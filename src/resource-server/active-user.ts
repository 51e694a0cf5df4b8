import { after, nativePromise } from '../core/promises.js';
import type { UserStore } from '../core/users.js';
import { throwUserStoreError } from '../storage/host-outages.js';

/**
 * The user if there is one and they may act; without a user store, the bare id is all that is known of a user.
 *
 * @throws TemporarilyUnavailableError (or rejects with one) if something is away that the user store needs
 */
export function activeUser(users: UserStore | undefined, userId: string): unknown | Promise<unknown> {
  if (users === undefined) return { id: userId };
  let found: unknown;
  try {
    found = nativePromise(users.findById(userId));
  } catch (error) {
    throwUserStoreError(error);
  }
  return after(found, (user) => ifActive(users, user), throwUserStoreError);
}

/** The user, if they may act; `undefined` also for what some stores say where there is nobody. */
export function ifActive(users: UserStore, user: unknown): unknown | Promise<unknown> {
  // Some stores say null or false where there is nobody.
  if (user === undefined || user === null || user === false) return undefined;
  let active: boolean | Promise<boolean>;
  try {
    active = nativePromise(users.isActive(user));
  } catch (error) {
    throwUserStoreError(error);
  }
  return after(active, (value) => (value ? user : undefined), throwUserStoreError);
}
