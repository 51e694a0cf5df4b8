import { isPromiseLike } from '../core/promises.js';
import type { Rate } from '../core/rate.js';
import type { Charge, ThrottleDecision } from './engine.js';
import type { MemoryEngine } from './engines/memory.js';
import { secondsUntil } from './fields.js';
import type { StoreGuard } from './store-guard.js';

/** A place in the budget of an address, taken before a token is looked up. */
export interface AuthenticationReservation {
  /** Whether the look-up may be made. */
  readonly allowed: boolean;
  /** If not, in how many whole seconds a next try makes sense, at least 1; else 0. */
  readonly retryAfterSeconds: number;
  /** Gives the place back after the authentication succeeded; what is not given back counts as a failure. */
  release(): void;
}

/** The budget of failed authentications by address. */
export interface FailedAuthentications {
  /**
   * Takes a place. Never rejects and never waits longer than the throttle's deadline: while the store is away it is
   * counted in this process, by the share of it that the engine knows, else by the whole rate.
   *
   * @param address the key of the address, e.g. `ip:203.0.113.5`
   */
  reserve(address: string): AuthenticationReservation | Promise<AuthenticationReservation>;
}

const UNLIMITED: AuthenticationReservation = Object.freeze({ allowed: true, retryAfterSeconds: 0, release() {} });

/** No policy's name has an exclamation mark, so that the counters never meet. */
const KEY_PREFIX = '!auth';

/**
 * Makes the budget.
 *
 * @param rate `null` for no limit
 */
export function failedAuthentications(
  rate: Rate | null,
  guard: StoreGuard,
  local: MemoryEngine,
): FailedAuthentications {
  if (rate === null) return { reserve: () => UNLIMITED };
  const { limit, windowMilliseconds, windowSeconds } = rate;
  const prefix = `${KEY_PREFIX}:${limit}/${windowSeconds}:`;
  return {
    reserve(address) {
      const charges: Charge[] = [
        { key: prefix + address, tag: address, limit, windowMilliseconds, cost: 1, mayBeRefunded: true },
      ];
      const complete = (known: ThrottleDecision | undefined): AuthenticationReservation => {
        const ofEngine = known ?? guard.consumeAlone(charges);
        if (ofEngine !== undefined) return reservation(ofEngine, () => guard.refund(charges, ofEngine));
        const decided = local.consume(charges);
        return reservation(decided, () => local.refund(charges, decided));
      };
      // A late answer is undone, since this process has counted instead.
      const decision = guard.consume(charges, true);
      return isPromiseLike(decision) ? decision.then(complete) : complete(decision);
    },
  };
}

function reservation({ allowed, results }: ThrottleDecision, undo: () => void): AuthenticationReservation {
  let held = allowed;
  return {
    allowed,
    retryAfterSeconds: allowed ? 0 : Math.max(1, secondsUntil(results[0]?.resetMilliseconds ?? 0)),
    release() {
      if (!held) return;
      held = false;
      undo();
    },
  };
}
