import type { Clock } from '../../../core/clock.js';
import { after } from '../../../core/promises.js';
import { slides } from '../../algorithm.js';
import type { CallerPatience, Charge, ChargeResult, ThrottleDecision, ThrottleEngine } from '../../throttle-engine.js';
import { UndecidedError } from '../../undecided-error.js';
import { patienceCheck } from '../caller-patience.js';
import { ClaimRounds } from './claim-rounds.js';
import { FALLBACK_GENERATION, FallbackShares } from './fallback-shares.js';
import { type KeyState, KeyStates, type Lease, ownUnits, recordOwnUnits } from './key-states.js';
import { Leases, spend } from './leases.js';
import type { Ledger } from './ledger.js';
import { LedgerRequests } from './ledger-requests.js';
import { covers, localDecision } from './local-decision.js';
import { Membership } from './membership.js';
import { mergeByKey, splitDecision } from './merged-charges.js';
import { leasedResult, type Portion, takePortions } from './portions.js';

/** What the engine depends on. */
export interface LeasedEngineDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** The greatest number of keys that are remembered. */
  readonly maxKeys: number;
  readonly deadlineMilliseconds: number;
  /** Names this process among the others. */
  readonly member: string;
  /** Calls a function periodically, without keeping the process alive for it. */
  every(milliseconds: number, run: () => void): { stop(): void };
}

/** What an engine has done since it was created. */
export interface LeasedStatistics {
  /** How many requests were decided on. */
  readonly decisions: number;
  /** Decisions of the ledger, one command each. */
  readonly claims: number;
  /** Keys that are remembered. */
  readonly keys: number;
  /** How many leases are held. */
  readonly leases: number;
  /** Processes known to share the ledger. */
  readonly processes: number;
}

const SWEEP_MILLISECONDS = 250;
/** How long closing waits for the ledger. */
const CLOSING_MILLISECONDS = 500;

/**
 * Counts in a ledger that all processes share, and decides synchronously if it can; see `leasedEngine`. It knows the
 * ledger only through its interface, and the time only through the clock.
 *
 * Decisions from a lease are made only in this file; `LedgerRequests` and `ClaimRounds` make the others.
 */
export class LeasedEngine implements ThrottleEngine {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private readonly every: LeasedEngineDependencies['every'];
  private readonly deadlineMilliseconds: number;
  private readonly keys: KeyStates;
  private readonly leases: Leases;
  private readonly membership: Membership;
  private readonly fallbackShares: FallbackShares;
  private readonly rounds: ClaimRounds;
  private readonly requests: LedgerRequests;
  private readonly timers: { stop(): void }[];
  private decisions = 0;

  constructor({ ledger, clock, maxKeys, deadlineMilliseconds, member, every }: LeasedEngineDependencies) {
    this.ledger = ledger;
    this.clock = clock;
    this.every = every;
    this.deadlineMilliseconds = deadlineMilliseconds;
    this.keys = new KeyStates(maxKeys);
    this.fallbackShares = new FallbackShares(ledger, clock, maxKeys);
    this.leases = new Leases(ledger, this.keys, clock, (key, units) => this.fallbackShares.settle(key, units));
    this.membership = new Membership(ledger, member, clock);
    this.rounds = new ClaimRounds({
      ...{ ledger, clock, keys: this.keys, leases: this.leases },
      ...{ membership: this.membership, fallbackShares: this.fallbackShares },
    });
    this.requests = new LedgerRequests(this.rounds, this.keys, clock, (charges, now) =>
      this.decideLocally(charges, now),
    );
    ledger.onOpened(() => {
      void this.fallbackShares.reconcile();
      void this.membership.renew();
    });
    this.timers = [
      every(SWEEP_MILLISECONDS, () => {
        if (this.leases.size > 0) void this.leases.sweep();
      }),
      every(Membership.PERIOD_MILLISECONDS, () => {
        void this.membership.renew().then(() => this.fallbackShares.reconcile());
        this.fallbackShares.sweep();
      }),
    ];
  }

  get statistics(): LeasedStatistics {
    return {
      decisions: this.decisions,
      claims: this.rounds.claims,
      keys: this.keys.size,
      leases: this.leases.size,
      processes: this.membership.processes ?? 1,
    };
  }

  consume(charges: readonly Charge[], patience?: CallerPatience): ThrottleDecision | Promise<ThrottleDecision> {
    this.decisions++;
    const now = this.clock.monotonicMilliseconds();
    if (charges.length === 1) {
      const charge = charges[0] as Charge;
      const state = this.keys.get(charge.key);
      const lease = state?.lease;
      if (state !== undefined && lease !== undefined && now < lease.deadline && covers(lease, charge.cost)) {
        return { allowed: true, results: [this.spend(state, lease, charge, now)] };
      }
      // Nothing is known about a key that occurs for the first time.
      if (state === undefined && charge.limit > 0) return this.ask(charges, now, patience);
    }
    return this.consumeAll(charges, now, patience);
  }

  private consumeAll(
    charges: readonly Charge[],
    now: number,
    patience: CallerPatience | undefined,
  ): ThrottleDecision | Promise<ThrottleDecision> {
    const merged = mergeByKey(charges);
    const decision = this.decideLocally(merged, now) ?? this.ask(merged, now, patience);
    if (merged === charges) return decision;
    return after(decision, (known) => splitDecision(charges, merged, known));
  }

  async refund(charges: readonly Charge[], decision: ThrottleDecision): Promise<void> {
    if (!decision.allowed) return;
    const now = this.clock.monotonicMilliseconds();
    const units: { charge: Charge; portion: Portion }[] = [];
    charges.forEach((charge, index) => {
      for (const portion of takePortions(decision.results[index])) {
        if (portion.generation === FALLBACK_GENERATION) {
          this.fallbackShares.refund(charge, portion);
          continue;
        }
        units.push({ charge, portion });
        const state = this.keys.peek(charge.key);
        // In a later window, this process has spent none of these units.
        if (state !== undefined && !slides(charge) && now < portion.deadline)
          state.own = Math.max(0, state.own - portion.units);
      }
    });
    if (units.length > 0) await this.leases.putBack(units);
  }

  /** From the units that leases still have, or a remembered refusal. */
  consumeHeld(charges: readonly Charge[]): ThrottleDecision | undefined {
    const merged = mergeByKey(charges);
    const decision = this.decideHeld(merged, this.clock.monotonicMilliseconds());
    return decision === undefined || merged === charges ? decision : splitDecision(charges, merged, decision);
  }

  /** The same, then from this process's share of each limit, less what it has already spent of the limit. */
  consumeAlone(charges: readonly Charge[]): ThrottleDecision | undefined {
    const now = this.clock.monotonicMilliseconds();
    const merged = mergeByKey(charges);
    const decision =
      this.decideHeld(merged, now) ??
      this.fallbackShares.consume(merged, this.membership.share, (charge) =>
        ownUnits(this.keys.peek(charge.key), charge, now),
      );
    return decision === undefined || merged === charges ? decision : splitDecision(charges, merged, decision);
  }

  onConnected(listener: () => void): void {
    this.ledger.onOpened(listener);
  }

  async ready(): Promise<void> {
    await this.ledger.ready();
    await this.membership.renewed();
  }

  async readyAlone(): Promise<void> {
    const milliseconds = this.membership.millisecondsUntilShare;
    if (milliseconds > 0) await this.after(milliseconds);
  }

  /** Leaves the members and returns unspent units where that is safe; if the ledger does not answer, they are lost. */
  async close(): Promise<void> {
    for (const timer of this.timers) timer.stop();
    // Leave first: by then earlier calls are answered, and the units that they granted are returned as well.
    const handedBack = this.membership.leave().then(() => this.leases.giveBackAll());
    await Promise.race([handedBack, this.after(CLOSING_MILLISECONDS)]);
    await this.ledger.close();
  }

  private after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.every(milliseconds, () => {
        timer.stop();
        resolve();
      });
    });
  }

  private ask(
    charges: readonly Charge[],
    now: number,
    patience: CallerPatience | undefined,
  ): Promise<ThrottleDecision> {
    return this.requests.ask(charges, now, patienceCheck(patience, this.clock, now, 2 * this.deadlineMilliseconds));
  }

  private decideLocally(charges: readonly Charge[], now: number): ThrottleDecision | undefined {
    const known = localDecision(this.keys, charges, now);
    if (known !== 'covered') return known;
    const results = charges.map((charge) => {
      const state = this.keys.get(charge.key) as KeyState;
      return this.spend(state, state.lease as Lease, charge, now);
    });
    return { allowed: true, results };
  }

  private decideHeld(charges: readonly Charge[], now: number): ThrottleDecision | undefined {
    try {
      return this.decideLocally(charges, now);
    } catch (error) {
      if (error instanceof UndecidedError) return undefined;
      throw error;
    }
  }

  private spend(state: KeyState, lease: Lease, charge: Charge, now: number): ChargeResult {
    const portion = spend(state, lease, charge.cost);
    recordOwnUnits(state, charge, charge.cost, lease.resetAt, now);
    if (lease.balance <= lease.lowWater && state.inFlight === undefined) this.rounds.refill(state, lease, now);
    return leasedResult(true, lease.balance, lease.resetAt - now, [portion]);
  }
}
