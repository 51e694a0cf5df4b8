import type { Charge, ChargeResult, ThrottleDecision } from '../../engine.js';

const NO_PORTIONS: readonly Portion[] = Object.freeze([]);

/** Units of one decision that were counted in one place. */
export interface Portion {
  readonly generation: number;
  readonly id: number;
  readonly units: number;
  /** Until when they may go into a lease of this process if they are given back, by the monotonic clock. */
  readonly deadline: number;
  readonly resetAt: number;
}

/** A result that remembers where its units were counted, so that a refund finds the same window or none. */
export interface LeasedResult extends ChargeResult {
  /** What a lease paid, and what the ledger counted for this request; mostly one of the two. None once given back. */
  portions: readonly Portion[];
}

/** The portions of a result; none for a result of another engine. */
export function portionsOf(result: ChargeResult | undefined): readonly Portion[] {
  return (result as LeasedResult | undefined)?.portions ?? NO_PORTIONS;
}

/** Takes the portions out of a result, so that nobody gives them back a second time. */
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

/** Charges in which each key stands once, at the cost of all; the same array if that is so already. */
export function withoutTwins(charges: readonly Charge[]): readonly Charge[] {
  if (charges.length < 2) return charges;
  const merged = new Map<string, Charge>();
  for (const charge of charges) {
    const twin = merged.get(charge.key);
    merged.set(charge.key, twin === undefined ? charge : { ...twin, cost: twin.cost + charge.cost });
  }
  return merged.size === charges.length ? charges : [...merged.values()];
}

/** The decision for charges of which `withoutTwins` made others. The first of each key carries its units. */
export function withTwins(
  charges: readonly Charge[],
  merged: readonly Charge[],
  { allowed, results }: ThrottleDecision,
): ThrottleDecision {
  const byKey = new Map(merged.map(({ key }, index) => [key, results[index] as ChargeResult]));
  const met = new Set<string>();
  return {
    allowed,
    results: charges.map(({ key }) => {
      const result = byKey.get(key) as ChargeResult;
      const first = !met.has(key);
      met.add(key);
      return first ? result : leasedResult(result.allowed, result.remaining, result.resetMilliseconds);
    }),
  };
}
