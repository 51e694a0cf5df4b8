/**
 * Decides whether a token may be looked up, for the guards and for the endpoints that take tokens: bad ones count as
 * failures of their address, and while its budget is spent only those are looked up that were good lately.
 */
export interface TokenAdmission {
  /**
   * Takes a place for a look-up; `leave` gives it back.
   *
   * @param key the SHA-256 of the token
   * @throws ThrottledError if the address is over its budget and the token was not good lately
   * @throws TemporarilyUnavailableError if too many look-ups of the address are under way
   */
  enter(address: string, key: string): void;
  /** Ends a look-up that was entered. */
  leave(address: string): void;
  /** A token turned out to be good, or was issued here. */
  succeeded(key: string): void;
  /**
   * Counts a failure.
   *
   * @param key the SHA-256 of the token, if there was one
   * @throws ThrottledError (rejects) if the address is over its budget
   */
  failed(address: string, reason: 'invalid' | 'expired', key?: string): Promise<void>;
}
