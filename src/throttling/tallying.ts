import type { PolicyTally } from '../core/observation/policy-tally.js';
import type { CompiledRate } from './compiled-rate.js';
import type { ChargeResult } from './throttle-engine.js';

/** Counts a request that was allowed, once for each policy, and how much of its limits is used. */
export function tallyAllowed(rates: readonly CompiledRate[], results: readonly ChargeResult[]): void {
  let last: PolicyTally | undefined;
  for (let index = 0; index < rates.length; index += 1) {
    const { tally, limit } = rates[index] as CompiledRate;
    // The rates of one policy follow each other.
    if (tally !== last) tally.allowed += 1;
    last = tally;
    const used = 1 - (results[index] as ChargeResult).remaining / limit;
    if (used > tally.peak) tally.peak = used;
  }
}

/** Counts a request that was refused, for the policies that it was over. Returns their names. */
export function tallyRefused(rates: readonly CompiledRate[], results: readonly ChargeResult[]): readonly string[] {
  const over = new Set<PolicyTally>();
  for (let index = 0; index < rates.length; index += 1) {
    if (!(results[index] as ChargeResult).allowed) over.add((rates[index] as CompiledRate).tally);
  }
  for (const tally of over) {
    tally.refused += 1;
    tally.peak = 1;
  }
  return [...over].map(({ policy }) => policy);
}

/** Counts a request that the store did not decide. */
export function tallyUndecided(rates: readonly CompiledRate[]): void {
  for (const tally of new Set(rates.map((rate) => rate.tally))) tally.undecided += 1;
}
