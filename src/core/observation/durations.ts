/** The upper bounds of the buckets, in seconds: from an answer of Redis nearby to the deadline of a statement. */
export const DURATION_BOUNDS_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** A histogram of durations, in plain numbers. */
export class Durations {
  /** How many fell into each bucket; the last one has no upper bound. Not cumulative. */
  readonly buckets: number[] = new Array(DURATION_BOUNDS_SECONDS.length + 1).fill(0);
  count = 0;
  sumSeconds = 0;

  add(milliseconds: number): void {
    const seconds = milliseconds / 1000;
    let index = 0;
    while (index < DURATION_BOUNDS_SECONDS.length && seconds > (DURATION_BOUNDS_SECONDS[index] as number)) index += 1;
    (this.buckets[index] as number) += 1;
    this.count += 1;
    this.sumSeconds += seconds;
  }
}
