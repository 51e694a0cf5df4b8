/**
 * The host's users. The package stores only their ids, as strings, and asks the host for the rest.
 *
 * TypeScript finds `User` in what `findById` returns, if it is written first.
 *
 * `User` is whatever the host's user is; it is what `@CurrentUser()` gives to a controller. It is kept in the process
 * with the token, for `cache.maxAgeSeconds` at most, and all requests with that token share it: read it, do not change
 * it.
 */
export interface UserStore<User = unknown> {
  /** The user with this id; `undefined` or `null` if there is none. */
  findById(id: string): User | null | undefined | PromiseLike<User | null | undefined>;
  /** Whether the user may act now. A token or session of a user who may not is refused. */
  isActive(user: User): boolean | PromiseLike<boolean>;
  /** The id of a user, as a string; the default reads `user.id`. */
  idOf?(user: User): string;
  /**
   * Called by `oauth2.ready()`: rejects if the store cannot work, e.g. because its table is missing. An outage may be told
   * by the error of the driver.
   */
  ready?(): PromiseLike<void> | void;
}
