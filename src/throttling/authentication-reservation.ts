/**
 * A place in the budget of an address, taken before something is tried that can be guessed, such as a password. Each one that
 * is allowed must be ended, by `release` or by `fail`: until then others wait for it.
 */
export interface AuthenticationReservation {
  /** Whether the try may be made. */
  readonly allowed: boolean;
  /** If not, in how many whole seconds a next try makes sense, at least 1; else 0. */
  readonly retryAfterSeconds: number;
  /** Gives the place back: the authentication did not fail. */
  release(): void;
  /** The authentication failed: the place counts as a failure. */
  fail(): void;
}
