/** The time, passed in wherever it decides something, so that tests can move it. */
export interface Clock {
  /** Wall-clock time, in milliseconds since the Unix epoch (UTC). */
  nowMilliseconds(): number;
  /** A clock that never goes back, in milliseconds from an arbitrary start. */
  monotonicMilliseconds(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMilliseconds: () => Date.now(),
  monotonicMilliseconds: () => performance.now(),
};
