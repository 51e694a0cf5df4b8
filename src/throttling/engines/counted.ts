import type { Charge, ChargeResult } from '../throttle-engine.js';

/** A result that remembers its window, so that a refund finds the same one or none. */
export interface CountedResult extends ChargeResult {
  /**
   * When the window ends, by the clock of the engine, in milliseconds. A sliding window in memory has no end of its own:
   * then it is the time at which the units were spent.
   */
  readonly windowEnd: number;
}

/** The window that a result was counted in; `undefined` for a result of another engine. */
export function windowEndOf(result: ChargeResult | undefined): number | undefined {
  return (result as CountedResult | undefined)?.windowEnd;
}

/** The result of a charge whose counter is at `used` after the decision. */
export function countedResult(
  charge: Charge,
  allowed: boolean,
  used: number,
  resetMilliseconds: number,
  windowEnd: number,
): CountedResult {
  return { allowed, remaining: Math.max(0, charge.limit - used), resetMilliseconds, windowEnd };
}
