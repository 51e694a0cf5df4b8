import { slides } from '../../algorithm.js';
import type { Charge } from '../../engine.js';

/**
 * Units of one window that this process may spend by itself.
 *
 * Invariants:
 * - All of `balance` is counted as used in the ledger, under `id` and `generation`, until it is given back there.
 * - It is spent only while the monotonic clock is before `deadline`. That is the moment before the claim was sent plus
 *   what the ledger said to be left, so that it is over in the ledger's window, whatever clocks show and however late
 *   the answer came.
 * - Units leave `balance` before they are given back, so that none is both spent and given back.
 */
export class Lease {
  readonly charge: Charge;
  readonly generation: number;
  readonly id: number;
  deadline: number;
  /** When the window is over at the latest, for `resetMilliseconds`. */
  resetAt: number;
  balance = 0;
  /** A claim for more is made in the background from here down; -1: never. */
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

/** What the ledger refused, remembered so that it is not asked again in vain. */
export interface Refusal {
  /** Costs from here up are refused ... */
  readonly from: number;
  /** ... until then, by the monotonic clock. */
  readonly until: number;
  /** What a caller is told. */
  readonly resetAt: number;
  readonly available: number;
  /** Whether it is not a refusal: the ledger cannot know. */
  readonly undecided: boolean;
  /** How long the next one is remembered if units may come back before the window ends. */
  readonly nextPause: number;
}

/** What this process knows of one key. */
export class KeyState {
  lease: Lease | undefined = undefined;
  refusal: Refusal | undefined = undefined;
  /** What the ledger said last, for requests that another policy refuses. */
  seen: { readonly available: number; readonly resetAt: number; readonly at: number } | undefined = undefined;
  /** The call under way that has this key in it; resolves to the error that it failed with. Never rejects. */
  inFlight: Promise<unknown> | undefined = undefined;
  /** Units that requests wait for behind that call. */
  waiting = 0;
  /** When the ledger was asked last, in whole milliseconds; 0: never. */
  claimedAt = 0;
  /** Units that were spent since. */
  spent = 0;
  /** How many units were leased last on speculation. */
  size = 0;
  /** What this process spent of the ledger's units, see `recordOwnUnits`. */
  own = 0;
  ownEarlier = 0;
  ownUntil = 0;
}

/**
 * Notes that this process spent units of the ledger, so that it does not spend them again as its share when the ledger
 * is away. Of a sliding window this and the last stretch of its length are kept, which is never too few.
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

/** What this process spent of the ledger's units in the window that is now. */
export function ownUnits(state: KeyState | undefined, charge: Charge, now: number): number {
  if (state === undefined) return 0;
  if (now < state.ownUntil) return state.own + state.ownEarlier;
  return slides(charge) && now < state.ownUntil + charge.windowMilliseconds ? state.own : 0;
}

/**
 * The states of a bounded number of keys, the most recently used ones: in two generations, so that nothing is moved on
 * a hit of the young one. A state that is dropped costs a call, and never loosens anything: its lease is in the hands of
 * the sweep, which gives it back.
 */
export class KeyStates {
  readonly #half: number;
  #young = new Map<string, KeyState>();
  #old = new Map<string, KeyState>();

  /** @param maximum how many keys are kept at most */
  constructor(maximum: number) {
    this.#half = Math.max(1, Math.floor(maximum / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): KeyState | undefined {
    const state = this.#young.get(key);
    if (state !== undefined) return state;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#add(key, old);
    return old;
  }

  /** Without counting as a use. */
  peek(key: string): KeyState | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  getOrAdd(key: string): KeyState {
    let state = this.get(key);
    if (state === undefined) {
      state = new KeyState();
      this.#add(key, state);
    }
    return state;
  }

  #add(key: string, state: KeyState): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, state);
  }
}
