import type { ChargeResult } from '../../throttle-engine.js';

const NO_PORTIONS: readonly Portion[] = Object.freeze([]);

/** Units of one decision that were counted in one place. */
export interface Portion {
  readonly generation: number;
  readonly id: number;
  readonly units: number;
  /** Until when they may be returned to a lease of this process, by the monotonic clock. */
  readonly deadline: number;
  readonly resetAt: number;
}

/** A result that remembers where its units were counted, so that a refund finds the same window or none. */
export interface LeasedResult extends ChargeResult {
  /**
   * The units that a lease paid, and those that the ledger counted for this request; usually only one of the two. Empty
   * after a refund.
   */
  portions: readonly Portion[];
}

/** The portions of a result; none for a result of another engine. */
export function portionsOf(result: ChargeResult | undefined): readonly Portion[] {
  return (result as LeasedResult | undefined)?.portions ?? NO_PORTIONS;
}

/** Takes the portions out of a result, so that they cannot be refunded twice. */
export function takePortions(result: ChargeResult | undefined): readonly Portion[] {
  const portions = portionsOf(result);
  if (portions.length > 0) (result as LeasedResult).portions = NO_PORTIONS;
  return portions;
}

export function leasedResult(
  allowed: boolean,
  remaining: number,
  resetMilliseconds: number,
  portions: readonly Portion[] = NO_PORTIONS,
): LeasedResult {
  return { allowed, remaining, resetMilliseconds: Math.max(0, resetMilliseconds), portions };
}
