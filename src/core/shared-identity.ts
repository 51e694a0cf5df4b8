/** What tells the application of one database from every other one with which it shares a Redis. */
export interface SharedIdentity {
  /** Part of every key and channel. No secret. */
  readonly id: string;
  /** 32 random bytes; a secret to all who can reach Redis only. */
  readonly macKey: Buffer;
}

/** Where the identity comes from: it is known only after the database was asked. */
export interface IdentitySource {
  /**
   * Calls back with the identity, once: at once where it is known already. `undefined` tells that the database has none
   * yet; the identity may follow.
   */
  subscribe(listener: (identity: SharedIdentity | undefined) => void): void;
  /**
   * Asks the database now, unless the identity is known; what was asked earlier and not answered yet does not count.
   *
   * @returns `undefined` if the database has no identity yet
   * @throws TemporarilyUnavailableError if the database cannot answer
   */
  ask(): Promise<SharedIdentity | undefined>;
}
