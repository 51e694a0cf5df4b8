import type { Clock } from '../../../core/clock.js';
import { slides } from '../../algorithm.js';
import type { Charge } from '../../engine.js';
import { type KeyState, type KeyStates, Lease } from './key-states.js';
import type { Ledger, Return } from './ledger.js';
import { liveLease } from './local-decision.js';
import type { Portion } from './portions.js';

/** Of a lease that is in use, as many units stay as were spent since the last sweep, times this. */
const KEPT = 3;

/**
 * The leases of a process and their way back. One timer for all of them sweeps: a lease that nobody used since the last
 * sweep goes back whole, one that is larger than its use goes back in part, one whose time is over is dropped.
 *
 * Nothing is lost that is not in the ledger: units leave the lease first, so that an answer that does not come burns
 * them, and never doubles them.
 */
export class Leases {
  readonly #ledger: Ledger;
  readonly #keys: KeyStates;
  readonly #clock: Clock;
  readonly #settle: (key: string, units: number) => number;
  readonly #all = new Set<Lease>();

  /** @param settle takes off granted units what this process spent without the ledger meanwhile */
  constructor(ledger: Ledger, keys: KeyStates, clock: Clock, settle: (key: string, units: number) => number) {
    this.#ledger = ledger;
    this.#keys = keys;
    this.#clock = clock;
    this.#settle = settle;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Puts granted units into the lease of a key. */
  lend(state: KeyState, charge: Charge, { generation, id, units, deadline, resetAt }: Portion): Lease {
    let lease = state.lease;
    if (lease === undefined || lease.id !== id || lease.generation !== generation) {
      if (lease !== undefined) this.retire(state);
      lease = new Lease(charge, generation, id, deadline, resetAt);
      state.lease = lease;
    } else {
      // Each is a safe estimate of the same moment.
      lease.deadline = Math.max(lease.deadline, deadline);
      lease.resetAt = Math.min(lease.resetAt, resetAt);
    }
    lease.balance += this.#settle(charge.key, units);
    this.#all.add(lease);
    return lease;
  }

  /**
   * Takes a lease from its key. The ledger has another window now: what is left of a fixed one is burned, what is left
   * of a sliding one goes back.
   */
  retire(state: KeyState): void {
    const { lease } = state;
    state.lease = undefined;
    if (lease === undefined) return;
    this.#all.delete(lease);
    if (lease.balance > 0 && slides(lease.charge)) void this.#send([returned(lease, lease.balance)]);
    lease.balance = 0;
  }

  /** Puts units that were held for a request back into the lease that they came from. */
  release(state: KeyState, lease: Lease, units: number): void {
    if (units === 0) return;
    if (state.lease === lease) {
      lease.balance += units;
      this.#all.add(lease);
    } else if (slides(lease.charge)) {
      void this.#send([{ charge: lease.charge, generation: lease.generation, id: lease.id, units }]);
    }
  }

  /**
   * Puts units back that a decision spent: into a lease of the same window if it can still be spent, else into the
   * ledger, where they find the same window or none.
   */
  async putBack(units: readonly { readonly charge: Charge; readonly portion: Portion }[]): Promise<void> {
    const now = this.#clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const { charge, portion } of units) {
      const state = this.#keys.getOrAdd(charge.key);
      const { lease } = state;
      const same = lease?.id === portion.id && lease.generation === portion.generation;
      if (now < portion.deadline && (lease === undefined || same)) {
        this.lend(state, charge, portion);
        state.refusal = undefined;
      } else if (slides(charge)) {
        returns.push({ charge, generation: portion.generation, id: portion.id, units: portion.units });
        state.refusal = undefined;
      }
    }
    await this.#send(returns);
  }

  /** Called now and then. */
  async sweep(): Promise<void> {
    const now = this.#clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const lease of this.#all) {
      const state = this.#keys.peek(lease.charge.key);
      const over = now >= lease.deadline;
      const ownerless = state?.lease !== lease;
      if (over && !ownerless && state.inFlight === undefined) state.lease = undefined;
      const kept = over || ownerless ? 0 : KEPT * lease.spentSinceSweep;
      const excess = Math.max(0, lease.balance - kept);
      lease.spentSinceSweep = 0;
      // While the ledger is away the units are of more use here. Those of a fixed window that is over are burned.
      if (excess > 0 && this.#ledger.connected && !(over && !slides(lease.charge))) {
        returns.push(returned(lease, excess));
        // What this process gives back may be what it was refused for.
        if (state !== undefined) {
          state.refusal = undefined;
          state.seen = undefined;
        }
      }
      if (over || ownerless || lease.balance === 0) this.#all.delete(lease);
    }
    await this.#send(returns);
  }

  /** Gives back all that can be. */
  async giveBackAll(): Promise<void> {
    const now = this.#clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const lease of this.#all) {
      if (lease.balance > 0 && (now < lease.deadline || slides(lease.charge))) {
        returns.push(returned(lease, lease.balance));
      }
      lease.balance = 0;
    }
    this.#all.clear();
    await this.#send(returns);
  }

  /** Best effort: what does not arrive is burned. */
  async #send(returns: readonly Return[]): Promise<void> {
    if (returns.length === 0 || !this.#ledger.connected) return;
    await this.#ledger.giveBack(returns).catch(() => {});
  }
}

/** Takes units out of a lease, to be given back. */
function returned(lease: Lease, units: number): Return {
  lease.balance -= units;
  lease.lowWater = -1;
  return { charge: lease.charge, generation: lease.generation, id: lease.id, units };
}

/** Spends from a lease, which has it. */
export function spend(state: KeyState, lease: Lease, units: number): Portion {
  lease.balance -= units;
  lease.spentSinceSweep += units;
  state.spent += units;
  return { generation: lease.generation, id: lease.id, units, deadline: lease.deadline, resetAt: lease.resetAt };
}

/** The lease of a key that can be spent from, and what it has. */
export function balanceOf(state: KeyState | undefined, now: number): number {
  return liveLease(state, now)?.balance ?? 0;
}
