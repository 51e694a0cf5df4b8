/**
 * A place in a budget of failures, taken before something is tried that can be guessed, such as a password. Each one that
 * is allowed must be ended, by `release` or by `fail`: until then others wait for it.
 */
export interface FailureReservation {
  /** Whether the try may be made. */
  readonly allowed: boolean;
  /** If not, in how many whole seconds a next try makes sense, at least 1; else 0. */
  readonly retryAfterSeconds: number;
  /** Gives the place back: the try did not fail. */
  release(): void;
  /** The try failed: the place counts as a failure. */
  fail(): void;
}

/** A budget of failures, each under a key: of failed authentications, the address that they come from (`ip:203.0.113.5`). */
export interface FailureBudget {
  /** In how many whole seconds a next try under the key makes sense, as far as this process knows; 0: now. Asks nobody. */
  retryAfterSeconds(key: string): number;
  /**
   * Counts a failure. Never rejects and never waits longer than the throttle's deadline: while the store is away it is
   * counted in this process, by the share of it that the engine knows, else by the whole rate.
   *
   * @returns 0 if the failure is within the budget, else in how many whole seconds a next try makes sense, at least 1
   */
  fail(key: string): number | Promise<number>;
  /**
   * Takes a place before the try, so that of any number of tries at one time no more than the budget are looked at: for
   * what can be guessed. It is counted as `fail` counts, in a budget of its own. Where the places are taken by tries of this
   * process that have not ended, it waits for one of them, since they may not fail.
   *
   * @throws TemporarilyUnavailableError (rejects) if none has ended after some seconds
   */
  reserve(key: string): FailureReservation | Promise<FailureReservation>;
}
