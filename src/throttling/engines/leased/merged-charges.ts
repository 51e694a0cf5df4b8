import type { Charge, ChargeResult, ThrottleDecision } from '../../throttle-engine.js';
import { leasedResult } from './portions.js';

/** The charges with each key once, at the cost of all its charges; the same array if no key repeats. */
export function mergeByKey(charges: readonly Charge[]): readonly Charge[] {
  if (charges.length < 2) return charges;
  const merged = new Map<string, Charge>();
  for (const charge of charges) {
    const same = merged.get(charge.key);
    merged.set(charge.key, same === undefined ? charge : { ...same, cost: same.cost + charge.cost });
  }
  return merged.size === charges.length ? charges : [...merged.values()];
}

/** The decision on the charges that `mergeByKey` merged. The first result of each key carries its units. */
export function splitDecision(
  charges: readonly Charge[],
  merged: readonly Charge[],
  { allowed, results }: ThrottleDecision,
): ThrottleDecision {
  const byKey = new Map(merged.map(({ key }, index) => [key, results[index] as ChargeResult]));
  const seen = new Set<string>();
  return {
    allowed,
    results: charges.map(({ key }) => {
      const result = byKey.get(key) as ChargeResult;
      const first = !seen.has(key);
      seen.add(key);
      return first ? result : leasedResult(result.allowed, result.remaining, result.resetMilliseconds);
    }),
  };
}
