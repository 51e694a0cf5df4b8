import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import type { FailureBudget, FailureReservation } from '../core/failure-budget.js';
import { after } from '../core/promises.js';
import type { Rate } from '../core/rate.js';
import { secondsUntil } from './compiled-throttle.js';
import type { MemoryEngine } from './engines/memory.js';
import type { StoreGuard } from './store-guard.js';
import type { Charge, ThrottleDecision } from './throttle-engine.js';
import { TriesUnderWay } from './tries-under-way.js';

const UNLIMITED: FailureReservation = Object.freeze({
  allowed: true,
  retryAfterSeconds: 0,
  release() {},
  fail() {},
});

/** No policy name contains an exclamation mark, so these counters are separate. */
const FAILURES = '!auth';
/** Reservations are counted separately, because a try in progress is not a failure yet. */
const TRIES = '!try';

/** How many addresses over their budget this process remembers; others are counted at the engine again. */
const REMEMBERED_ADDRESSES = 10_000;

/** What the budget depends on. */
export interface FailedAuthenticationsDependencies {
  readonly guard: StoreGuard;
  /** Counts while the store is unavailable. */
  readonly local: MemoryEngine;
  readonly clock: Clock;
  /** Whether a key has no budget. */
  readonly isExempt: (key: string) => boolean;
}

/**
 * Makes the budget of failed authentications by address.
 *
 * @param rate `null` for no limit
 */
export function failedAuthentications(
  rate: Rate | null,
  { guard, local, clock, isExempt }: FailedAuthenticationsDependencies,
): FailureBudget {
  if (rate === null) return { retryAfterSeconds: () => 0, fail: () => 0, reserve: () => UNLIMITED };
  const { limit, windowMilliseconds, windowSeconds } = rate;
  const rateKey = `${limit}/${windowSeconds}`;
  /** Until when (monotonic) an address is over its budget. */
  const spent = new LRUCache<string, number>({ max: REMEMBERED_ADDRESSES });

  const underWay = new TriesUnderWay();

  const chargesOf = (kind: typeof FAILURES | typeof TRIES, address: string): Charge[] => [
    {
      ...{ key: `${kind}:${rateKey}:${address}`, tag: address, limit, windowMilliseconds, cost: 1 },
      mayBeRefunded: kind === TRIES,
    },
  ];
  /** The decision, and how to refund what it spent. */
  type Counted = { readonly decision: ThrottleDecision; readonly undo: () => void };
  const count = (charges: Charge[]): Counted | Promise<Counted> => {
    const complete = (known: ThrottleDecision | undefined): Counted => {
      const ofEngine = known ?? guard.consumeAlone(charges);
      if (ofEngine !== undefined) return { decision: ofEngine, undo: () => guard.refund(charges, ofEngine) };
      const decided = local.consume(charges);
      return { decision: decided, undo: () => local.refund(charges, decided) };
    };
    // A late answer is undone, because this process has counted instead.
    return after(guard.consume(charges, true), complete);
  };
  const conclude = (address: string, { allowed, results: [result] }: ThrottleDecision): number => {
    const resetMilliseconds = result?.resetMilliseconds ?? 0;
    if (!allowed || result?.remaining === 0) spent.set(address, clock.monotonicMilliseconds() + resetMilliseconds);
    return allowed ? 0 : Math.max(1, secondsUntil(resetMilliseconds));
  };

  return {
    retryAfterSeconds(address) {
      const until = spent.get(address);
      if (until === undefined) return 0;
      const left = until - clock.monotonicMilliseconds();
      if (left > 0) return Math.max(1, secondsUntil(left));
      spent.delete(address);
      return 0;
    },
    fail(address) {
      if (isExempt(address)) return 0;
      return after(count(chargesOf(FAILURES, address)), ({ decision }) => conclude(address, decision));
    },
    reserve(address) {
      if (isExempt(address)) return UNLIMITED;
      let until: number | undefined;
      const take = () => after(count(chargesOf(TRIES, address)), concludeTry);
      const concludeTry = ({ decision, undo }: Counted): Reserved => {
        if (decision.allowed) return underWay.begin(address, undo);
        until ??= underWay.patience();
        const again = underWay.oneEnds(address, until);
        // The tries in progress may all fail; then the refusal comes from the next one.
        return again === undefined ? refusal(decision) : again.then(take);
      };
      return take();
    },
  };
}

type Reserved = FailureReservation | Promise<FailureReservation>;

function refusal({ results }: ThrottleDecision): FailureReservation {
  const retryAfterSeconds = Math.max(1, secondsUntil(results[0]?.resetMilliseconds ?? 0));
  return { allowed: false, retryAfterSeconds, release() {}, fail() {} };
}
