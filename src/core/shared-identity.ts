/** Distinguishes the applications of one database from all others that use the same Redis. */
export interface SharedIdentity {
  /** Part of every key and channel; not secret. */
  readonly id: string;
  /** 32 random bytes; secret from everyone who can only reach Redis. */
  readonly macKey: Buffer;
}

/** The source of the identity, which is known only after the database was asked. */
export interface IdentitySource {
  /**
   * Calls the listener once with the identity, immediately if it is known. `undefined` means that the database has none
   * yet; the identity may follow.
   */
  subscribe(listener: (identity: SharedIdentity | undefined) => void): void;
  /**
   * Asks the database now, unless the identity is known. A question that is still unanswered is not reused.
   *
   * @returns `undefined` if the database has no identity yet
   * @throws TemporarilyUnavailableError if the database cannot answer
   */
  ask(): Promise<SharedIdentity | undefined>;
}
