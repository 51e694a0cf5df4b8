import { randomInt } from 'node:crypto';
import { type Clock, systemClock } from '../../core/clock.js';
import { clockOption, knownOptions, wholeNumberOption } from '../../core/options/index.js';
import type { Charge, ChargeResult, ThrottleDecision, ThrottleEngine } from '../throttle-engine.js';
import { type CountedResult, countedResult, windowEndOf } from './counted.js';
import type { SlidingLog } from './memory-sliding-log.js';
import { type Counter, newCounter, OverflowCounters } from './overflow.js';

export interface MemoryEngineOptions {
  /** The greatest number of counters; default 100 000. Keys beyond it share a fixed number of counters. */
  readonly maxKeys?: number | undefined;
  /** The clock, for tests. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** Counts in this process, synchronously. */
export interface MemoryEngine extends ThrottleEngine {
  consume(charges: readonly Charge[]): ThrottleDecision;
  refund(charges: readonly Charge[], decision: ThrottleDecision): void;
  /** How many keys have counters of their own now, including ended ones. */
  readonly size: number;
}

const DEFAULT_MAXIMUM_KEYS = 100_000;
/** How many counters are checked for an ended window for each counter that is added, or if there is no room. */
const SWEEP_PER_INSERT = 2;
const SWEEP_WHEN_FULL = 32;

/**
 * Creates an engine that counts in this process, in fixed and sliding windows. It needs no timer, keeps a bounded
 * number of counters whatever identifiers callers present, and never admits more than a rate.
 *
 * @param options how many counters are kept at most
 * @returns what `throttling.engine` takes
 * @throws ConfigurationError if `maxKeys` is not a whole number of at least 1, or the clock is none
 *
 * @example
 * ```ts
 * import { createOAuth2 } from 'routing-controllers-oauth2';
 * import { memoryEngine } from 'routing-controllers-oauth2/throttling';
 *
 * export const oauth2 = createOAuth2({
 *   database: ':memory:',
 *   throttling: { policies: { user: '100/m' }, engine: memoryEngine({ maxKeys: 10_000 }) },
 * });
 * ```
 */
export function memoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const { maxKeys = DEFAULT_MAXIMUM_KEYS, clock = systemClock } = knownOptions<MemoryEngineOptions>(
    'memoryEngine',
    options,
    ['maxKeys', 'clock'],
  );
  wholeNumberOption('memoryEngine.maxKeys', maxKeys, { least: 1 });
  clockOption('memoryEngine.clock', clock);
  return new Windows(maxKeys, clock);
}

/** Whether an engine is a memory engine: it is always available and answers synchronously. */
export function isMemoryEngine(engine: ThrottleEngine): engine is MemoryEngine {
  return engine instanceof Windows;
}

/** Where a charge is counted: an existing counter, a new one of its own (`undefined`), or nowhere. */
type Place = Counter | undefined | typeof NOWHERE;
const NOWHERE = Symbol('nowhere');

class Windows implements MemoryEngine {
  private readonly counters = new Map<string, Counter>();
  private readonly overflow = new OverflowCounters(randomInt(2 ** 32));
  private readonly maxKeys: number;
  private readonly clock: Clock;
  /** Visits all counters, a few at a time; a Map's iterator allows insertions and deletions meanwhile. */
  private sweeper = this.counters.entries();

  constructor(maxKeys: number, clock: Clock) {
    this.maxKeys = maxKeys;
    this.clock = clock;
  }

  get size(): number {
    return this.counters.size;
  }

  consume(charges: readonly Charge[]): ThrottleDecision {
    const now = this.clock.monotonicMilliseconds();
    // Sweep only before and after: between finding a counter and spending on it, none may be removed.
    if (this.counters.size + charges.length > this.maxKeys) this.sweep(SWEEP_WHEN_FULL, now);
    const sizeBefore = this.counters.size;
    const decision = charges.length === 1 ? this.consumeOne(charges[0] as Charge, now) : this.consumeAll(charges, now);
    const added = this.counters.size - sizeBefore;
    if (added > 0) this.sweep(SWEEP_PER_INSERT * added, now);
    return decision;
  }

  private consumeOne(charge: Charge, now: number): ThrottleDecision {
    const place = this.find(charge, now, 0);
    const allowed = fitsIn(place, charge, now, 0);
    const result = allowed ? this.spend(charge, place, now) : unspent(charge, place, false, now);
    return { allowed, results: [result] };
  }

  private consumeAll(charges: readonly Charge[], now: number): ThrottleDecision {
    const places: Place[] = [];
    const fits: boolean[] = [];
    let planned = 0;
    let allowed = true;
    for (let index = 0; index < charges.length; index++) {
      const charge = charges[index] as Charge;
      const earlier = earlierOfSameKey(charges, index);
      const place = earlier === undefined ? this.find(charge, now, planned) : places[earlier];
      if (place === undefined && earlier === undefined) planned++;
      const fit = fitsIn(place, charge, now, alreadyAsked(charges, places, index, place));
      places.push(place);
      fits.push(fit);
      allowed &&= fit;
    }
    const results = charges.map((charge, index) =>
      allowed ? this.spend(charge, places[index], now) : unspent(charge, places[index], fits[index] as boolean, now),
    );
    return { allowed, results };
  }

  refund(charges: readonly Charge[], decision: ThrottleDecision): void {
    if (!decision.allowed) return;
    const now = this.clock.monotonicMilliseconds();
    for (let index = 0; index < charges.length; index++) {
      const charge = charges[index] as Charge;
      const counter = this.counters.get(charge.key) ?? this.overflow.live(charge, now);
      const windowEnd = windowEndOf(decision.results[index]);
      if (counter === undefined || windowEnd === undefined) continue;
      if (counter.log !== undefined) counter.log.remove(windowEnd, charge.cost, now);
      else if (counter.endsAt === windowEnd) counter.used = Math.max(0, counter.used - charge.cost);
    }
  }

  private find(charge: Charge, now: number, planned: number): Place {
    const own = this.counters.get(charge.key);
    if (own !== undefined) return own;
    const shared = this.overflow.live(charge, now);
    if (shared !== undefined) return shared;
    if (this.counters.size + planned < this.maxKeys) return undefined;
    return this.overflow.open(charge) ?? NOWHERE;
  }

  private spend(charge: Charge, place: Place, now: number): ChargeResult {
    // If one request has the same key twice, the first charge created the counter.
    let counter = place === undefined ? this.counters.get(charge.key) : (place as Counter);
    if (counter === undefined) {
      counter = newCounter(charge, now + charge.windowMilliseconds, false);
      if (charge.cost > 0) this.counters.set(charge.key, counter);
    } else if (counter.endsAt <= now) {
      if (charge.cost === 0) return unspent(charge, counter, true, now);
      counter.used = 0;
      counter.endsAt = now + charge.windowMilliseconds;
      if (counter.shared) this.overflow.opened(counter.endsAt);
    }
    if (counter.log !== undefined) return this.spendInLog(charge, counter, counter.log, now);
    counter.used += charge.cost;
    return resultOf(charge, true, counter.used, counter.endsAt - now, counter.endsAt);
  }

  private spendInLog(charge: Charge, counter: Counter, log: SlidingLog, now: number): ChargeResult {
    log.add(now, charge.cost);
    const leftMilliseconds = log.millisecondsUntilEmpty(now);
    if (charge.cost > 0) {
      counter.endsAt = now + leftMilliseconds;
      if (counter.shared) this.overflow.opened(counter.endsAt);
    }
    // The time itself identifies these units; its sum with the window would not be exact.
    return resultOf(charge, true, log.used(now), leftMilliseconds, now);
  }

  private sweep(steps: number, now: number): void {
    for (let step = 0; step < steps; step++) {
      let next = this.sweeper.next();
      if (next.done) {
        this.sweeper = this.counters.entries();
        next = this.sweeper.next();
        if (next.done) return;
      }
      const [key, counter] = next.value;
      if (counter.endsAt <= now) this.counters.delete(key);
    }
  }
}

/** The position of an earlier charge of the same key in the same request. */
function earlierOfSameKey(charges: readonly Charge[], index: number): number | undefined {
  for (let earlier = 0; earlier < index; earlier++) {
    if (charges[earlier]?.key === charges[index]?.key) return earlier;
  }
  return undefined;
}

/** The units that earlier charges of the same request need of the same counter. */
function alreadyAsked(charges: readonly Charge[], places: readonly Place[], index: number, place: Place): number {
  let asked = 0;
  for (let earlier = 0; earlier < index; earlier++) {
    const same = place === undefined ? charges[earlier]?.key === charges[index]?.key : places[earlier] === place;
    if (same) asked += charges[earlier]?.cost ?? 0;
  }
  return asked;
}

function usedIn(counter: Counter | undefined, now: number): number {
  if (counter === undefined || counter.endsAt <= now) return 0;
  return counter.log === undefined ? counter.used : counter.log.used(now);
}

function fitsIn(place: Place, charge: Charge, now: number, asked: number): boolean {
  return place !== NOWHERE && charge.limit > 0 && usedIn(place, now) + asked + charge.cost <= charge.limit;
}

/** The result of a charge that was not spent, because it or another one did not fit, or it costs nothing. */
function unspent(charge: Charge, place: Place, allowed: boolean, now: number): ChargeResult {
  if (place === NOWHERE) return resultOf(charge, false, charge.limit, charge.windowMilliseconds, now);
  const live = place !== undefined && place.endsAt > now;
  if (live && place.log !== undefined) {
    const used = place.log.used(now);
    const leftMilliseconds = allowed
      ? place.log.millisecondsUntilEmpty(now)
      : place.log.millisecondsUntilFree(used + charge.cost - charge.limit, now);
    return resultOf(charge, allowed, used, leftMilliseconds, now + leftMilliseconds);
  }
  const endsAt = live ? place.endsAt : now + charge.windowMilliseconds;
  return resultOf(charge, allowed, usedIn(place, now), endsAt - now, endsAt);
}

/**
 * Because of a rounding error a difference of fractions may exceed the window, and would be reported as one second
 * more.
 */
function resultOf(
  charge: Charge,
  allowed: boolean,
  used: number,
  leftMilliseconds: number,
  windowEnd: number,
): CountedResult {
  return countedResult(charge, allowed, used, Math.min(leftMilliseconds, charge.windowMilliseconds), windowEnd);
}
