import type { Clock } from '../../../core/clock.js';
import { slides } from '../../algorithm.js';
import type { Charge } from '../../throttle-engine.js';
import { type KeyState, type KeyStates, Lease } from './key-states.js';
import type { Ledger, Return } from './ledger.js';
import { liveLease } from './local-decision.js';
import type { Portion } from './portions.js';

/** A lease that is in use keeps this many times the units that were spent since the last sweep. */
const KEPT_FACTOR = 3;

/**
 * The leases of a process, and their return. One timer sweeps them all: a lease that was not used since the last sweep
 * is returned as a whole, one that is larger than its use in part, and one that has expired is dropped.
 *
 * Units leave the lease before they are sent to the ledger: if the answer is lost they stay spent, and are never
 * counted twice.
 */
export class Leases {
  private readonly ledger: Ledger;
  private readonly keys: KeyStates;
  private readonly clock: Clock;
  private readonly settle: (key: string, units: number) => number;
  private readonly all = new Set<Lease>();

  /** @param settle deducts from granted units what this process has meanwhile spent without the ledger */
  constructor(ledger: Ledger, keys: KeyStates, clock: Clock, settle: (key: string, units: number) => number) {
    this.ledger = ledger;
    this.keys = keys;
    this.clock = clock;
    this.settle = settle;
  }

  get size(): number {
    return this.all.size;
  }

  /** Puts granted units into the lease of a key. */
  lend(state: KeyState, charge: Charge, { generation, id, units, deadline, resetAt }: Portion): Lease {
    let lease = state.lease;
    if (lease === undefined || lease.id !== id || lease.generation !== generation) {
      if (lease !== undefined) this.retire(state);
      lease = new Lease(charge, generation, id, deadline, resetAt);
      state.lease = lease;
    } else {
      // Both are safe estimates of the same moment.
      lease.deadline = Math.max(lease.deadline, deadline);
      lease.resetAt = Math.min(lease.resetAt, resetAt);
    }
    lease.balance += this.settle(charge.key, units);
    this.all.add(lease);
    return lease;
  }

  /**
   * Removes a lease from its key. The ledger has another window now: the rest of a fixed one stays spent, the rest of a
   * sliding one is returned.
   */
  retire(state: KeyState): void {
    const { lease } = state;
    state.lease = undefined;
    if (lease === undefined) return;
    this.all.delete(lease);
    if (lease.balance > 0 && slides(lease.charge)) void this.send([takeFrom(lease, lease.balance)]);
    lease.balance = 0;
  }

  /** Puts units that were reserved for a request back into their lease. */
  release(state: KeyState, lease: Lease, units: number): void {
    if (units === 0) return;
    if (state.lease === lease) {
      lease.balance += units;
      this.all.add(lease);
    } else if (slides(lease.charge)) {
      void this.send([{ charge: lease.charge, generation: lease.generation, id: lease.id, units }]);
    }
  }

  /**
   * Refunds units that a decision spent: to a lease of the same window if that can still be spent, otherwise to the
   * ledger, which finds the same window or none.
   */
  async putBack(units: readonly { readonly charge: Charge; readonly portion: Portion }[]): Promise<void> {
    const now = this.clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const { charge, portion } of units) {
      const state = this.keys.getOrAdd(charge.key);
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
    await this.send(returns);
  }

  /** Returns unused units; called periodically. */
  async sweep(): Promise<void> {
    const now = this.clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const lease of this.all) {
      const state = this.keys.peek(lease.charge.key);
      const ended = now >= lease.deadline;
      const ownerless = state?.lease !== lease;
      if (ended && !ownerless && state.inFlight === undefined) state.lease = undefined;
      const kept = ended || ownerless ? 0 : KEPT_FACTOR * lease.spentSinceSweep;
      const excess = Math.max(0, lease.balance - kept);
      lease.spentSinceSweep = 0;
      // While the ledger is unavailable the units are more useful here. Those of an ended fixed window stay spent.
      if (excess > 0 && this.ledger.connected && !(ended && !slides(lease.charge))) {
        returns.push(takeFrom(lease, excess));
        // This process may have been refused for lack of the units that it returns.
        if (state !== undefined) {
          state.refusal = undefined;
          state.seen = undefined;
        }
      }
      if (ended || ownerless || lease.balance === 0) this.all.delete(lease);
    }
    await this.send(returns);
  }

  /** Returns everything that can be returned. */
  async giveBackAll(): Promise<void> {
    const now = this.clock.monotonicMilliseconds();
    const returns: Return[] = [];
    for (const lease of this.all) {
      if (lease.balance > 0 && (now < lease.deadline || slides(lease.charge))) {
        returns.push(takeFrom(lease, lease.balance));
      }
      lease.balance = 0;
    }
    this.all.clear();
    await this.send(returns);
  }

  /** Best effort: what is not delivered stays spent. */
  private async send(returns: readonly Return[]): Promise<void> {
    if (returns.length === 0 || !this.ledger.connected) return;
    await this.ledger.giveBack(returns).catch(() => {});
  }
}

/** Takes units out of a lease, to be returned. */
function takeFrom(lease: Lease, units: number): Return {
  lease.balance -= units;
  lease.lowWater = -1;
  return { charge: lease.charge, generation: lease.generation, id: lease.id, units };
}

/** Spends from a lease that covers the units. */
export function spend(state: KeyState, lease: Lease, units: number): Portion {
  lease.balance -= units;
  lease.spentSinceSweep += units;
  state.spent += units;
  return { generation: lease.generation, id: lease.id, units, deadline: lease.deadline, resetAt: lease.resetAt };
}

/** The units that the lease of a key still has; 0 if it has none that can be spent. */
export function balanceOf(state: KeyState | undefined, now: number): number {
  return liveLease(state, now)?.balance ?? 0;
}
