import { slides } from '../../algorithm.js';
import type { Charge } from '../../throttle-engine.js';

/**
 * Units of one window that this process may spend by itself.
 *
 * Invariants:
 * - All of `balance` is counted as used in the ledger, under `id` and `generation`, until it is given back there.
 * - It is spent only while the monotonic clock is before `deadline`: the moment before the claim was sent plus the time
 *   that the ledger said was left. So it ends within the ledger's window, whatever clocks show and however late the
 *   answer came.
 * - Units leave `balance` before they are given back, so that none is both spent and given back.
 */
export class Lease {
  readonly charge: Charge;
  readonly generation: number;
  readonly id: number;
  deadline: number;
  /** The latest moment at which the window ends, for `resetMilliseconds`. */
  resetAt: number;
  balance = 0;
  /** At this balance or below, more is claimed in the background; -1: never. */
  lowWater = -1;
  spentSinceSweep = 0;

  constructor(charge: Charge, generation: number, id: number, deadline: number, resetAt: number) {
    this.charge = charge;
    this.generation = generation;
    this.id = id;
    this.deadline = deadline;
    this.resetAt = resetAt;
  }
}

/** A refusal by the ledger, remembered so that it is not asked again in vain. */
export interface Refusal {
  /** This cost and higher ones are refused ... */
  readonly from: number;
  /** ... until this moment, by the monotonic clock. */
  readonly until: number;
  /** The time that is reported to the caller. */
  readonly resetAt: number;
  readonly available: number;
  /** Whether the ledger could not decide, which is not a refusal. */
  readonly undecided: boolean;
  /** How long the next refusal is remembered if units may come back before the window ends. */
  readonly nextPauseMilliseconds: number;
}

/** What this process knows of one key. */
export class KeyState {
  lease: Lease | undefined = undefined;
  refusal: Refusal | undefined = undefined;
  /** The last answer of the ledger, for requests that another policy refuses. */
  seen: { readonly available: number; readonly resetAt: number; readonly at: number } | undefined = undefined;
  /** The call in progress that includes this key; resolves to its error, if any. Never rejects. */
  inFlight: Promise<unknown> | undefined = undefined;
  /** Units that requests wait for until that call ends. */
  waiting = 0;
  /** When the ledger was last asked, in whole milliseconds; 0: never. */
  claimedAt = 0;
  /** Units that were spent since. */
  spent = 0;
  /** How many units were last leased speculatively. */
  size = 0;
  /** The units of the ledger that this process spent; see `recordOwnUnits`. */
  own = 0;
  ownEarlier = 0;
  ownUntil = 0;
}

/**
 * Records that this process spent units of the ledger, so that it does not spend them again as its share while the
 * ledger is unavailable. For a sliding window this span and the previous one of its length are kept, which errs on the
 * strict side.
 *
 * @param resetAt when the window ends
 */
export function recordOwnUnits(state: KeyState, charge: Charge, units: number, resetAt: number, now: number): void {
  if (now >= state.ownUntil) {
    const follows = slides(charge) && now < state.ownUntil + charge.windowMilliseconds;
    state.ownEarlier = follows ? state.own : 0;
    state.own = 0;
    state.ownUntil = slides(charge) ? now + charge.windowMilliseconds : resetAt;
  }
  state.own += units;
}

/** The units of the ledger that this process spent in the current window. */
export function ownUnits(state: KeyState | undefined, charge: Charge, now: number): number {
  if (state === undefined) return 0;
  if (now < state.ownUntil) return state.own + state.ownEarlier;
  return slides(charge) && now < state.ownUntil + charge.windowMilliseconds ? state.own : 0;
}

/**
 * The states of a bounded number of keys, the most recently used ones. They are kept in two generations, so that a hit
 * in the young one moves nothing. Dropping a state costs a call, but never loosens a limit: the sweep still has its
 * lease, and returns it.
 */
export class KeyStates {
  private readonly half: number;
  private young = new Map<string, KeyState>();
  private old = new Map<string, KeyState>();

  /** @param maximum the greatest number of keys that are kept */
  constructor(maximum: number) {
    this.half = Math.max(1, Math.floor(maximum / 2));
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: string): KeyState | undefined {
    const state = this.young.get(key);
    if (state !== undefined) return state;
    const old = this.old.get(key);
    if (old === undefined) return undefined;
    this.old.delete(key);
    this.add(key, old);
    return old;
  }

  /** Reads a state without counting it as used. */
  peek(key: string): KeyState | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  getOrAdd(key: string): KeyState {
    let state = this.get(key);
    if (state === undefined) {
      state = new KeyState();
      this.add(key, state);
    }
    return state;
  }

  private add(key: string, state: KeyState): void {
    if (this.young.size >= this.half) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, state);
  }
}
