/**
 * A reservation in a budget of failures, made before an attempt that could be a guess, such as a password check. Each
 * one that is allowed must be ended by `release` or `fail`: until then others may wait for it.
 */
export interface FailureReservation {
  /** Whether the attempt may be made. */
  readonly allowed: boolean;
  /** If not, after how many whole seconds to retry, at least 1; otherwise 0. */
  readonly retryAfterSeconds: number;
  /** Cancels the reservation: the attempt did not fail. */
  release(): void;
  /** The attempt failed: the reservation counts as a failure. */
  fail(): void;
}

/**
 * A budget of failures per key; for failed authentications, the key is the address that they come from
 * (`ip:203.0.113.5`).
 */
export interface FailureBudget {
  /** After how many whole seconds to retry under the key, as far as this process knows; 0: now. Synchronous. */
  retryAfterSeconds(key: string): number;
  /**
   * Counts a failure. Never rejects, and never waits longer than the throttle's deadline: while the store is
   * unavailable, the failure is counted in this process, within its share if the engine knows one, otherwise at the
   * whole rate.
   *
   * @returns 0 if the failure is within the budget, otherwise after how many whole seconds to retry, at least 1
   */
  fail(key: string): number | Promise<number>;
  /**
   * Makes a reservation before an attempt that could be a guess, so that of any number of concurrent attempts no more
   * than the budget are examined. It is counted like a failure, but in a separate budget. If attempts of this process
   * that have not ended hold the reservations, it waits for one of them, since they may succeed.
   *
   * @throws TemporarilyUnavailableError (rejects) if none has ended after a few seconds
   */
  reserve(key: string): FailureReservation | Promise<FailureReservation>;
}
