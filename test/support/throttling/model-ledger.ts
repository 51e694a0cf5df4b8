import { slides } from '../../../src/throttling/algorithm.js';
import type {
  Claim,
  Claimed,
  LedgerAnswer,
  Registration,
  Return,
} from '../../../src/throttling/engines/leased/ledger.js';
import { SlidingLog } from '../../../src/throttling/engines/memory-sliding-log.js';
import type { Charge } from '../../../src/throttling/throttle-engine.js';

interface FixedState {
  generation: number;
  readonly startsAt: number;
  readonly endsAt: number;
  used: number;
  soft: boolean;
}

interface SlidingState {
  generation: number;
  readonly log: SlidingLog;
  soft: boolean;
}

/** A fixed window as the ledger had it. */
export interface LedgerWindow {
  readonly key: string;
  readonly startsAt: number;
  readonly endsAt: number;
}

/** Units by what they were counted in: a key, a generation and an id. */
export class Accounts {
  readonly #units = new Map<string, Map<number, number>>();

  add(key: string, generation: number, id: number, units: number): void {
    const place = `${key} ${generation}`;
    let byId = this.#units.get(place);
    if (byId === undefined) {
      byId = new Map();
      this.#units.set(place, byId);
    }
    byId.set(id, (byId.get(id) ?? 0) + units);
  }

  /** All units of a key under an id that is later than this. */
  held(key: string, generation: number, after: number): number {
    let held = 0;
    for (const [id, units] of this.#units.get(`${key} ${generation}`) ?? []) if (id > after) held += units;
    return held;
  }

  at(place: string, id: number): number {
    return this.#units.get(place)?.get(id) ?? 0;
  }

  *all(): Iterable<{ readonly place: string; readonly id: number; readonly units: number }> {
    for (const [place, byId] of this.#units) for (const [id, units] of byId) yield { place, id, units };
  }
}

/** The scripts of the ledger, in TypeScript: `ledger-model.test.ts` compares the two on a real Redis. */
export class ModelLedger {
  generation = 1;
  lostAt = 0;
  /** Every fixed window that was ever opened. */
  readonly windows: LedgerWindow[] = [];
  /** When units that were granted are free again: around these times mistakes would show. */
  readonly moments = new Set<number>();
  /** The units that processes have, spent or not, by what they were counted in. Not part of what the scripts do. */
  readonly accounts = new Accounts();
  /** Where less is counted than processes have, in words. */
  readonly mistakes: string[] = [];
  readonly #fixed = new Map<string, FixedState>();
  readonly #sliding = new Map<string, SlidingState>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  claim(claims: readonly Claim[]): LedgerAnswer {
    const now = this.#now();
    const looked = claims.map((claim) => this.#look(claim, now));
    if (looked.some(({ fits }) => !fits)) {
      return { decision: 'refused', generation: this.generation, claimed: looked };
    }
    const waits = claims.map(({ charge }) => this.lostAt + charge.windowMilliseconds - now);
    const wait = this.lostAt === 0 ? 0 : Math.max(...waits);
    if (wait > 0) return { decision: 'undecided', milliseconds: wait };
    const claimed = claims.map((claim, index) => {
      const granted = this.#grant(claim, looked[index] as Claimed, now);
      this.accounts.add(claim.charge.key, this.generation, granted.id, claim.need);
      this.accounts.add(claim.charge.key, this.generation, granted.extraId, granted.extra);
      return granted;
    });
    return { decision: 'granted', generation: this.generation, claimed };
  }

  giveBack(returns: readonly Return[]): void {
    const now = this.#now();
    for (const { charge, generation, id, units } of returns) {
      if (slides(charge)) {
        const state = this.#slidingOf(charge, now);
        if (state?.generation !== generation) continue;
        state.soft = true;
        state.log.remove(id, units, now);
        this.#compare(charge, state.log.used(now), now - charge.windowMilliseconds);
      } else {
        const state = this.#fixedOf(charge, now);
        if (state?.generation !== generation || state.endsAt !== id) continue;
        state.used = Math.max(0, state.used - units);
        state.soft = true;
        this.#compare(charge, state.used, now);
      }
    }
  }

  register(registrations: readonly Registration[]): void {
    const now = this.#now();
    for (const { charge, units, leftMilliseconds } of registrations) {
      if (slides(charge)) {
        const state = this.#slidingOf(charge, now) ?? this.#openSliding(charge);
        state.log.add(now, Math.min(units, Math.max(0, charge.limit - state.log.used(now))));
      } else if (leftMilliseconds > 0) {
        const left = Math.min(Math.ceil(leftMilliseconds), charge.windowMilliseconds);
        const state = this.#fixedOf(charge, now) ?? this.#openFixed(charge, now, now + left);
        state.used = Math.min(charge.limit, state.used + units);
      }
    }
  }

  /** Forgets everything, as Redis does that restarts without its data. */
  lose(wait: boolean): void {
    this.generation++;
    this.lostAt = wait ? this.#now() : 0;
    this.#fixed.clear();
    this.#sliding.clear();
  }

  /** @param after what was counted under an id that is not later is over */
  #compare({ key }: Charge, used: number, after: number): void {
    const held = this.accounts.held(key, this.generation, after);
    if (used < held) this.mistakes.push(`${key}: ${held} units are out, and ${used} are counted`);
  }

  #look({ charge, need }: Claim, now: number): Claimed {
    const { limit, windowMilliseconds } = charge;
    const nothing = { id: 0, extra: 0, extraId: 0, extraMilliseconds: 0 };
    if (slides(charge)) {
      const state = this.#slidingOf(charge, now);
      const used = state?.log.used(now) ?? 0;
      const fits = limit > 0 && used + need <= limit;
      let resetMilliseconds = windowMilliseconds;
      if (state !== undefined && fits) resetMilliseconds = state.log.millisecondsUntilEmpty(now);
      else if (state !== undefined && limit > 0) {
        resetMilliseconds = state.log.millisecondsUntilFree(used + need - limit, now);
      }
      return { ...nothing, fits, available: Math.max(0, limit - used), resetMilliseconds, soft: state?.soft ?? false };
    }
    const state = this.#fixedOf(charge, now);
    const used = state?.used ?? 0;
    return {
      ...nothing,
      fits: limit > 0 && used + need <= limit,
      available: Math.max(0, limit - used),
      resetMilliseconds: state === undefined ? windowMilliseconds : state.endsAt - now,
      soft: state?.soft ?? false,
    };
  }

  #grant({ charge, need, want, more, divisor }: Claim, looked: Claimed, now: number): Claimed {
    const { windowMilliseconds } = charge;
    const leaseTime = slides(charge) ? Math.min(Math.floor(windowMilliseconds / 100), 1000) : 1;
    let remaining = looked.available - need;
    let extra = 0;
    if (leaseTime > 0) {
      extra = Math.min(want, remaining);
      extra += Math.min(more, Math.floor((remaining - extra) / divisor));
    }
    remaining -= extra;
    const granted = { ...looked, available: remaining, extra };
    if (need + extra === 0) return granted;
    if (slides(charge)) {
      const state = this.#slidingOf(charge, now) ?? this.#openSliding(charge);
      state.log.add(now, need);
      state.log.add(now + leaseTime, extra);
      state.soft ||= extra > 0;
      this.moments.add(now + windowMilliseconds);
      const resetMilliseconds = state.log.millisecondsUntilEmpty(now);
      return {
        ...granted,
        resetMilliseconds,
        id: now,
        extraId: now + leaseTime,
        extraMilliseconds: leaseTime,
        soft: state.soft,
      };
    }
    const state = this.#fixedOf(charge, now) ?? this.#openFixed(charge, now, now + windowMilliseconds);
    state.used += need + extra;
    state.soft ||= extra > 0;
    const left = state.endsAt - now;
    const { endsAt, soft } = state;
    return { ...granted, resetMilliseconds: left, id: endsAt, extraId: endsAt, extraMilliseconds: left, soft };
  }

  #fixedOf({ key }: Charge, now: number): FixedState | undefined {
    const state = this.#fixed.get(key);
    return state !== undefined && state.endsAt > now ? state : undefined;
  }

  #openFixed({ key }: Charge, startsAt: number, endsAt: number): FixedState {
    const state = { generation: this.generation, startsAt, endsAt, used: 0, soft: false };
    this.#fixed.set(key, state);
    this.windows.push({ key, startsAt, endsAt });
    this.moments.add(endsAt);
    return state;
  }

  /** As in Redis, nothing is kept of a log in which nothing counts any more. */
  #slidingOf({ key }: Charge, now: number): SlidingState | undefined {
    const state = this.#sliding.get(key);
    if (state === undefined || state.log.used(now) > 0) return state;
    this.#sliding.delete(key);
    return undefined;
  }

  #openSliding({ key, windowMilliseconds }: Charge): SlidingState {
    const state = { generation: this.generation, log: new SlidingLog(windowMilliseconds), soft: false };
    this.#sliding.set(key, state);
    return state;
  }
}
