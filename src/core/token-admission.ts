/**
 * Decides whether a token may be looked up, for the guards and for endpoints that take tokens: invalid tokens count as
 * failures of their address, and once its budget is exhausted only tokens that were valid recently are looked up.
 */
export interface TokenAdmission {
  /**
   * Begins a look-up; `leave` ends it.
   *
   * @param key the SHA-256 of the token
   * @throws ThrottledError if the address is over its budget and the token was not valid recently
   * @throws TemporarilyUnavailableError if too many look-ups of the address are in progress
   */
  enter(address: string, key: string): void;
  /** Ends a look-up that was entered. */
  leave(address: string): void;
  /** Remembers a token that was valid or was issued here. */
  succeeded(key: string): void;
  /**
   * Counts a failure.
   *
   * @param key the SHA-256 of the token, if there was one
   * @throws ThrottledError (or rejects with one) if the address is over its budget
   */
  failed(address: string, reason: 'invalid' | 'expired', key?: string): void | Promise<void>;
}
