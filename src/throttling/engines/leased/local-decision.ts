import type { Charge, ChargeResult, ThrottleDecision } from '../../throttle-engine.js';
import { UndecidedError } from '../../undecided-error.js';
import type { KeyState, KeyStates, Lease } from './key-states.js';
import { leasedResult } from './portions.js';

/** The greatest age at which an answer of the ledger is reported along with a refusal by another policy. */
const FRESH_MILLISECONDS = 1000;

/** The lease of a key, if it can be spent now. */
export function liveLease(state: KeyState | undefined, now: number): Lease | undefined {
  const lease = state?.lease;
  return lease !== undefined && now < lease.deadline ? lease : undefined;
}

/**
 * Whether a lease alone pays a charge. It keeps one unit, so that 0 remaining is never reported while there are more.
 */
export function covers(lease: Lease | undefined, cost: number): lease is Lease {
  return lease !== undefined && cost > 0 && lease.balance > cost;
}

/**
 * The units that were free when the ledger was last asked; 0 if that is too long ago. Only reported along with a
 * refusal.
 */
export function freshlyAvailable(state: KeyState | undefined, now: number): number {
  const seen = state?.seen;
  return seen === undefined || now - seen.at > FRESH_MILLISECONDS || now >= seen.resetAt ? 0 : seen.available;
}

/**
 * The decision that this process can make without the ledger: a remembered refusal, `'covered'` if leases pay for all
 * charges (nothing is spent yet), or `undefined`.
 *
 * @throws UndecidedError if the ledger has said that it cannot decide yet
 */
export function localDecision(
  keys: KeyStates,
  charges: readonly Charge[],
  now: number,
): 'covered' | ThrottleDecision | undefined {
  const results: (ChargeResult | undefined)[] = [];
  let refused = false;
  let covered = true;
  let undecidedMilliseconds = 0;
  for (const charge of charges) {
    const state = charge.limit === 0 ? undefined : keys.get(charge.key);
    const lease = liveLease(state, now);
    const balance = lease?.balance ?? 0;
    if (covers(lease, charge.cost)) {
      results.push(leasedResult(true, balance + freshlyAvailable(state, now), lease.resetAt - now));
      continue;
    }
    covered = false;
    const result =
      charge.limit === 0 ? leasedResult(false, 0, charge.windowMilliseconds) : remembered(state, charge, balance, now);
    if (result instanceof UndecidedError) undecidedMilliseconds = Math.max(undecidedMilliseconds, result.milliseconds);
    else if (result?.allowed === false) refused = true;
    results.push(result instanceof UndecidedError ? undefined : result);
  }
  if (covered) return 'covered';
  if (!refused && undecidedMilliseconds > 0) throw new UndecidedError(undecidedMilliseconds);
  return refused && results.every((result) => result !== undefined)
    ? { allowed: false, results: results as ChargeResult[] }
    : undefined;
}

function remembered(
  state: KeyState | undefined,
  charge: Charge,
  balance: number,
  now: number,
): ChargeResult | UndecidedError | undefined {
  const refusal = state?.refusal;
  if (refusal !== undefined && now < refusal.until) {
    if (refusal.undecided) return new UndecidedError(refusal.until - now);
    if (charge.cost - balance >= refusal.from) {
      // Other processes may have taken some of the units that were left.
      if (refusal.available > 0 && now - (state?.claimedAt ?? 0) > FRESH_MILLISECONDS) return undefined;
      return leasedResult(false, refusal.available + balance, refusal.resetAt - now);
    }
  }
  const seen = state?.seen;
  if (seen === undefined || now - seen.at > FRESH_MILLISECONDS || now >= seen.resetAt) return undefined;
  const remaining = seen.available + balance;
  // Reported along with a refusal; it refuses nothing itself.
  return charge.cost <= remaining ? leasedResult(true, remaining, seen.resetAt - now) : undefined;
}
