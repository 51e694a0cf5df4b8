import type { Clock } from '../../../core/clock.js';
import { slides } from '../../algorithm.js';
import type { Charge, ThrottleDecision } from '../../throttle-engine.js';
import { UndecidedError } from '../../undecided-error.js';
import { groupByTag } from '../by-tag.js';
import { shareDivisor } from './demand.js';
import type { FallbackShares } from './fallback-shares.js';
import type { KeyState, KeyStates, Lease } from './key-states.js';
import {
  applyAnswer,
  claimOf,
  holdFromLease,
  type PendingCharge,
  rememberUndecided,
  resultOf,
} from './lease-claims.js';
import type { Leases } from './leases.js';
import type { Ledger } from './ledger.js';
import type { Membership } from './membership.js';
import type { Portion } from './portions.js';

/** What claims depend on. */
export interface ClaimRoundsDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly keys: KeyStates;
  readonly leases: Leases;
  readonly membership: Membership;
  readonly fallbackShares: FallbackShares;
}

/** Asks the ledger for the units of one request, together with units that the process will need soon. */
export class ClaimRounds {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private readonly keys: KeyStates;
  private readonly leases: Leases;
  private readonly membership: Membership;
  private readonly fallbackShares: FallbackShares;
  private claimCount = 0;

  constructor({ ledger, clock, keys, leases, membership, fallbackShares }: ClaimRoundsDependencies) {
    this.ledger = ledger;
    this.clock = clock;
    this.keys = keys;
    this.leases = leases;
    this.membership = membership;
    this.fallbackShares = fallbackShares;
  }

  /** The number of calls to the ledger. */
  get claims(): number {
    return this.claimCount;
  }

  /** One decision by the ledger; `undefined` if the granted units had expired before the answer arrived. */
  async claim(charges: readonly Charge[], now: number, isOver: () => boolean): Promise<ThrottleDecision | undefined> {
    const pending = charges.map((charge) => holdFromLease(this.keys, charge, now));
    let granted: boolean;
    try {
      granted = await this.run(
        pending.filter(({ covered }) => !covered),
        isOver,
      );
    } catch (error) {
      for (const one of pending) this.release(one);
      throw error;
    }
    const moment = this.clock.monotonicMilliseconds();
    const late = pending.some(
      ({ lease, held, granted: portion, charge }) =>
        (held > 0 && lease !== undefined && lease.deadline <= moment) ||
        (portion !== undefined && !slides(charge) && portion.deadline <= moment),
    );
    if (!granted || late) {
      for (const one of pending) this.release(one);
      const spent = grantedPortions(pending);
      if (spent.length > 0) await this.leases.putBack(spent);
    }
    if (granted && late) return undefined;
    return { allowed: granted, results: pending.map((one) => resultOf(one, granted, moment)) };
  }

  /** Claims more before a lease is used up, while requests continue to spend it. */
  refill(state: KeyState, lease: Lease, now: number): void {
    const charge = lease.charge;
    lease.lowWater = -1;
    const refill: PendingCharge = {
      ...{ charge, state, covered: false, lease: undefined, held: 0, need: 0 },
      ...{ claimed: undefined, receivedAt: now, granted: undefined },
    };
    this.run([refill], () => false).catch(() => {
      // A request that finds the lease empty asks for itself, and receives the error.
    });
  }

  /**
   * Asks the ledger: in one call, on a Cluster in one for each principal. If a later one refuses, the others are only
   * asked for their state.
   */
  private async run(asked: readonly PendingCharge[], isOver: () => boolean): Promise<boolean> {
    let settle: (failure: unknown) => void = () => {};
    const flight = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    for (const { state } of asked) state.inFlight = flight;
    const land = (failure?: unknown) => {
      for (const { state } of asked) if (state.inFlight === flight) state.inFlight = undefined;
      settle(failure);
    };
    try {
      const granted = await this.callLedger(asked, isOver);
      land();
      return granted;
    } catch (error) {
      land(error);
      const spent = grantedPortions(asked);
      if (spent.length > 0) await this.leases.putBack(spent);
      throw error;
    }
  }

  private async callLedger(asked: readonly PendingCharge[], isOver: () => boolean): Promise<boolean> {
    // The ledger may have been unavailable without losing the connection.
    if (this.fallbackShares.hasUnregistered) await this.fallbackShares.reconcile();
    const divisor = shareDivisor(this.membership.processes ?? 1);
    let granted = true;
    for (const group of this.ledger.callsByTag ? groupByTag(asked, tagOf) : [asked]) {
      const sentAt = this.clock.monotonicMilliseconds();
      const claims = group.map((one) => claimOf(one, sentAt, divisor, !granted));
      this.claimCount++;
      const answer = await this.ledger.claim(claims, isOver);
      const receivedAt = this.clock.monotonicMilliseconds();
      if (answer.decision === 'undecided') {
        for (const one of group) rememberUndecided(one, receivedAt + answer.milliseconds);
        throw new UndecidedError(answer.milliseconds);
      }
      const known = { generation: answer.generation, granted: answer.decision === 'granted', sentAt, receivedAt };
      group.forEach((one, index) => {
        const claim = claims[index];
        const claimed = answer.claimed[index];
        if (claim === undefined || claimed === undefined) throw new Error('The ledger left a claim out.');
        applyAnswer(one, claim, claimed, known, this.leases);
        if (asked.length > 1 || one.state.seen !== undefined) {
          const resetAt = receivedAt + claimed.resetMilliseconds;
          one.state.seen = { available: claimed.available, resetAt, at: receivedAt };
        }
      });
      granted &&= known.granted;
    }
    return granted;
  }

  private release({ state, lease, held }: PendingCharge): void {
    if (lease !== undefined) this.leases.release(state, lease, held);
  }
}

function tagOf({ charge }: PendingCharge): string {
  return charge.tag;
}

function grantedPortions(pending: readonly PendingCharge[]): { charge: Charge; portion: Portion }[] {
  return pending.flatMap(({ charge, granted }) => (granted === undefined ? [] : [{ charge, portion: granted }]));
}
