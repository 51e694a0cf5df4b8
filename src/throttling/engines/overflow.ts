import { slides } from '../algorithm.js';
import type { Charge } from '../throttle-engine.js';
import { SlidingLog } from './memory-sliding-log.js';

/** One window: a fixed one begins with the first request and lasts its whole length, a sliding one has a log. */
export interface Counter {
  /** What was counted in a fixed window. */
  used: number;
  /** In milliseconds of the monotonic clock; from then on nothing counts. */
  endsAt: number;
  log?: SlidingLog | undefined;
  /** Whether several keys count on it. */
  readonly shared: boolean;
}

/** An empty counter. */
export function newCounter(charge: Charge, endsAt: number, shared: boolean): Counter {
  const log = slides(charge) ? new SlidingLog(charge.windowMilliseconds) : undefined;
  return { used: 0, endsAt, log, shared };
}

/** How many rates have overflow counters of their own; beyond that, keys that find no room are refused. */
const MAXIMUM_RATES = 64;
const COUNTERS_PER_RATE = 64;

/**
 * A fixed number of counters that keys share if the engine has no room for counters of their own. Sharing is stricter,
 * never looser: what one key spends counts for all keys on its counter.
 */
export class OverflowCounters {
  private readonly byRate = new Map<string, (Counter | undefined)[]>();
  /** Random, so that nobody can choose an identifier that shares the counter of another. */
  private readonly salt: number;
  private liveUntil = Number.NEGATIVE_INFINITY;

  constructor(salt: number) {
    this.salt = salt | 0;
  }

  /** The counter of a key that overflowed earlier and whose window has not ended: the key has to stay there. */
  live(charge: Charge, now: number): Counter | undefined {
    if (this.liveUntil <= now) return undefined;
    const counter = this.byRate.get(rateKey(charge))?.[this.slot(charge.key)];
    return counter !== undefined && counter.endsAt > now ? counter : undefined;
  }

  /** The counter that a key shares from now on; `undefined` if there are too many different rates. */
  open(charge: Charge): Counter | undefined {
    const rate = rateKey(charge);
    let counters = this.byRate.get(rate);
    if (counters === undefined) {
      if (this.byRate.size >= MAXIMUM_RATES) return undefined;
      counters = new Array<Counter | undefined>(COUNTERS_PER_RATE).fill(undefined);
      this.byRate.set(rate, counters);
    }
    const slot = this.slot(charge.key);
    counters[slot] ??= newCounter(charge, Number.NEGATIVE_INFINITY, true);
    return counters[slot];
  }

  /** Records that a window was opened on one of the counters. */
  opened(endsAt: number): void {
    if (endsAt > this.liveUntil) this.liveUntil = endsAt;
  }

  private slot(key: string): number {
    let hash = this.salt;
    for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    return (hash ^ (hash >>> 15)) & (COUNTERS_PER_RATE - 1);
  }
}

function rateKey(charge: Charge): string {
  return `${charge.limit}/${charge.windowMilliseconds}${slides(charge) ? '~' : ''}`;
}
