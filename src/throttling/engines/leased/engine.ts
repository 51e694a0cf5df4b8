import type { Clock } from '../../../core/clock.js';
import { slides } from '../../algorithm.js';
import type { CallerPatience, Charge, ChargeResult, ThrottleDecision, ThrottleEngine } from '../../engine.js';
import { StoreLateError } from '../../store-errors.js';
import { UndecidedError } from '../../undecided-error.js';
import { claimOf, learn, learnUndecided, type Plan, plan } from './claims.js';
import { shareDivisor } from './demand.js';
import { FALLBACK_GENERATION, FallbackShares } from './fallback-shares.js';
import { type KeyState, KeyStates, type Lease, ownUnits, recordOwnUnits } from './key-states.js';
import { balanceOf, Leases, spend } from './leases.js';
import type { Ledger } from './ledger.js';
import { covers, freshlyAvailable, fromMemory } from './local-decision.js';
import { Membership } from './membership.js';
import { leasedResult, type Portion, takePortions, withoutTwins, withTwins } from './portions.js';

/** What the engine is given. */
export interface LeasedEngineDependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Of how many keys something is kept at most. */
  readonly maxKeys: number;
  readonly deadlineMilliseconds: number;
  /** Names this process among the others. */
  readonly member: string;
  /** Runs something again and again, and never keeps the process alive for it. */
  every(milliseconds: number, run: () => void): { stop(): void };
}

/** What an engine has done since it was made. */
export interface LeasedStatistics {
  readonly decisions: number;
  /** Decisions of the ledger, one command each. */
  readonly claims: number;
  /** Keys of which something is kept. */
  readonly keys: number;
  readonly leases: number;
  /** Processes that share the ledger, as far as is known. */
  readonly processes: number;
}

const SWEEP_MILLISECONDS = 250;
/** How long closing waits for the ledger. */
const CLOSING_MILLISECONDS = 500;
/** How often a request asks the ledger anew because what it was granted was over when the answer came. */
const MAXIMUM_TURNS = 1000;
const MAXIMUM_CLAIMS = 4;

/**
 * Counts in a ledger that all processes share, and decides at once where it can: see `leasedEngine`. It knows the
 * ledger only by its port, and the time only by the clock.
 */
export class LeasedEngine implements ThrottleEngine {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #every: LeasedEngineDependencies['every'];
  readonly #deadlineMilliseconds: number;
  readonly #keys: KeyStates;
  readonly #leases: Leases;
  readonly #membership: Membership;
  readonly #fallbackShares: FallbackShares;
  readonly #timers: { stop(): void }[];
  #decisions = 0;
  #claims = 0;

  constructor({ ledger, clock, maxKeys, deadlineMilliseconds, member, every }: LeasedEngineDependencies) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#every = every;
    this.#deadlineMilliseconds = deadlineMilliseconds;
    this.#keys = new KeyStates(maxKeys);
    this.#fallbackShares = new FallbackShares(ledger, clock, maxKeys);
    this.#leases = new Leases(ledger, this.#keys, clock, (key, units) => this.#fallbackShares.settle(key, units));
    this.#membership = new Membership(ledger, member, clock);
    ledger.onOpened(() => {
      void this.#fallbackShares.reconcile();
      void this.#membership.renew();
    });
    this.#timers = [
      every(SWEEP_MILLISECONDS, () => {
        if (this.#leases.size > 0) void this.#leases.sweep();
      }),
      every(Membership.PERIOD_MILLISECONDS, () => {
        void this.#membership.renew().then(() => this.#fallbackShares.reconcile());
        this.#fallbackShares.sweep();
      }),
    ];
  }

  get statistics(): LeasedStatistics {
    return {
      decisions: this.#decisions,
      claims: this.#claims,
      keys: this.#keys.size,
      leases: this.#leases.size,
      processes: this.#membership.processes ?? 1,
    };
  }

  consume(charges: readonly Charge[], patience?: CallerPatience): ThrottleDecision | Promise<ThrottleDecision> {
    this.#decisions++;
    const now = this.#clock.monotonicMilliseconds();
    if (charges.length === 1) {
      const charge = charges[0] as Charge;
      const state = this.#keys.get(charge.key);
      const lease = state?.lease;
      if (state !== undefined && lease !== undefined && now < lease.deadline && covers(lease, charge.cost)) {
        return { allowed: true, results: [this.#spend(state, lease, charge, now)] };
      }
      // Of a key that is met for the first time, nothing is remembered.
      if (state === undefined && charge.limit > 0) return this.#ask(charges, now, patience);
    }
    return this.#consumeAll(charges, now, patience);
  }

  #consumeAll(
    charges: readonly Charge[],
    now: number,
    patience: CallerPatience | undefined,
  ): ThrottleDecision | Promise<ThrottleDecision> {
    const merged = withoutTwins(charges);
    const decision = this.#fromMemory(merged, now) ?? this.#ask(merged, now, patience);
    if (merged === charges) return decision;
    return decision instanceof Promise
      ? decision.then((known) => withTwins(charges, merged, known))
      : withTwins(charges, merged, decision);
  }

  async refund(charges: readonly Charge[], decision: ThrottleDecision): Promise<void> {
    if (!decision.allowed) return;
    const units: { charge: Charge; portion: Portion }[] = [];
    charges.forEach((charge, index) => {
      for (const portion of takePortions(decision.results[index])) {
        if (portion.generation === FALLBACK_GENERATION) {
          this.#fallbackShares.refund(charge, portion);
          continue;
        }
        units.push({ charge, portion });
        const state = this.#keys.peek(charge.key);
        if (state !== undefined && !slides(charge)) state.own = Math.max(0, state.own - portion.units);
      }
    });
    if (units.length > 0) await this.#leases.putBack(units);
  }

  /** What leases still have, or a refusal that is remembered. */
  consumeHeld(charges: readonly Charge[]): ThrottleDecision | undefined {
    const merged = withoutTwins(charges);
    const decision = this.#held(merged, this.#clock.monotonicMilliseconds());
    return decision === undefined || merged === charges ? decision : withTwins(charges, merged, decision);
  }

  /** The same, then this process's share of a budget, less what it has spent of it already. */
  consumeAlone(charges: readonly Charge[]): ThrottleDecision | undefined {
    const now = this.#clock.monotonicMilliseconds();
    const merged = withoutTwins(charges);
    const decision =
      this.#held(merged, now) ??
      this.#fallbackShares.consume(merged, this.#membership.share, (charge) =>
        ownUnits(this.#keys.peek(charge.key), charge, now),
      );
    return decision === undefined || merged === charges ? decision : withTwins(charges, merged, decision);
  }

  onConnected(listener: () => void): void {
    this.#ledger.onOpened(listener);
  }

  async ready(): Promise<void> {
    await this.#ledger.ready();
    await this.#membership.renewed();
  }

  async readyAlone(): Promise<void> {
    const left = this.#membership.millisecondsUntilShare;
    if (left > 0) await this.#after(left);
  }

  /** Leaves the others and gives back what is not spent, as far as that is safe; a ledger that is silent burns it. */
  async close(): Promise<void> {
    for (const timer of this.#timers) timer.stop();
    // Leaving first: then what was asked for earlier is answered, and is given back as well.
    const handedBack = this.#membership.leave().then(() => this.#leases.giveBackAll());
    await Promise.race([handedBack, this.#after(CLOSING_MILLISECONDS)]);
    await this.#ledger.close();
  }

  #after(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#every(milliseconds, () => {
        timer.stop();
        resolve();
      });
    });
  }

  #fromMemory(charges: readonly Charge[], now: number): ThrottleDecision | undefined {
    const known = fromMemory(this.#keys, charges, now);
    if (known !== 'covered') return known;
    const results = charges.map((charge) => {
      const state = this.#keys.get(charge.key) as KeyState;
      return this.#spend(state, state.lease as Lease, charge, now);
    });
    return { allowed: true, results };
  }

  #held(charges: readonly Charge[], now: number): ThrottleDecision | undefined {
    try {
      return this.#fromMemory(charges, now);
    } catch (error) {
      if (error instanceof UndecidedError) return undefined;
      throw error;
    }
  }

  #spend(state: KeyState, lease: Lease, charge: Charge, now: number): ChargeResult {
    const portion = spend(state, lease, charge.cost);
    recordOwnUnits(state, charge, charge.cost, lease.resetAt, now);
    if (lease.balance <= lease.lowWater && state.inFlight === undefined) this.#refill(state, lease, now);
    return leasedResult(true, lease.balance, lease.resetAt - now, [portion]);
  }

  /** Asks for more before a lease is spent, while requests go on from it. */
  #refill(state: KeyState, lease: Lease, now: number): void {
    const charge = lease.charge;
    lease.lowWater = -1;
    const refill: Plan = {
      ...{ charge, state, covered: false, lease: undefined, held: 0, need: 0 },
      ...{ claimed: undefined, receivedAt: now, granted: undefined },
    };
    this.#run([refill], () => false).catch(() => {
      // A request that finds the lease empty asks itself, and is told.
    });
  }

  async #ask(charges: readonly Charge[], now: number, patience: CallerPatience | undefined): Promise<ThrottleDecision> {
    const isOver = this.#patienceFrom(now, patience);
    let claims = 0;
    for (let turn = 0; turn < MAXIMUM_TURNS && claims < MAXIMUM_CLAIMS; turn++) {
      const moment = turn === 0 ? now : this.#clock.monotonicMilliseconds();
      if (turn > 0) {
        const known = this.#fromMemory(charges, moment);
        if (known !== undefined) return known;
        if (isOver()) break;
      }
      const flight = this.#flightBefore(charges, moment);
      if (flight !== undefined) {
        await this.#wait(flight, charges);
        continue;
      }
      claims++;
      const decision = await this.#claim(charges, moment, isOver);
      if (decision !== undefined) return decision;
    }
    throw new StoreLateError('The ledger gave no answer in time.');
  }

  /** Whether the caller of a request that comes now waits no more. */
  #patienceFrom(now: number, patience: CallerPatience | undefined): () => boolean {
    if (patience === undefined) {
      const until = now + 2 * this.#deadlineMilliseconds;
      return () => this.#clock.monotonicMilliseconds() > until;
    }
    const until = patience.turns + patience.patienceTurns;
    return () => patience.turns >= until;
  }

  /** The state of a charge that waits for a call under way. */
  #flightBefore(charges: readonly Charge[], now: number): KeyState | undefined {
    for (const { key, cost } of charges) {
      const state = this.#keys.get(key);
      if (state?.inFlight === undefined) continue;
      if (cost === 0 || balanceOf(state, now) <= cost) return state;
    }
    return undefined;
  }

  async #wait(flight: KeyState, charges: readonly Charge[]): Promise<void> {
    const cost = charges.find(({ key }) => this.#keys.peek(key) === flight)?.cost ?? 0;
    flight.waiting += cost;
    const failure = await flight.inFlight;
    flight.waiting -= cost;
    if (failure !== undefined) throw failure;
  }

  /** One decision by the ledger; `undefined` if what was granted was over before the answer came. */
  async #claim(charges: readonly Charge[], now: number, isOver: () => boolean): Promise<ThrottleDecision | undefined> {
    const plans = charges.map((charge) => plan(this.#keys, charge, now));
    let granted: boolean;
    try {
      granted = await this.#run(
        plans.filter(({ covered }) => !covered),
        isOver,
      );
    } catch (error) {
      for (const one of plans) this.#release(one);
      throw error;
    }
    const moment = this.#clock.monotonicMilliseconds();
    const late = plans.some(
      ({ lease, held, granted: portion, charge }) =>
        (held > 0 && lease !== undefined && lease.deadline <= moment) ||
        (portion !== undefined && !slides(charge) && portion.deadline <= moment),
    );
    if (!granted || late) {
      for (const one of plans) this.#release(one);
      const spent = plans.flatMap(({ charge, granted: portion }) =>
        portion === undefined ? [] : [{ charge, portion }],
      );
      if (spent.length > 0) await this.#leases.putBack(spent);
    }
    if (granted && late) return undefined;
    return { allowed: granted, results: plans.map((one) => this.#result(one, granted, moment)) };
  }

  /**
   * Asks the ledger: in one call, on a Cluster in one for each principal. If a later one refuses, the others are only
   * asked how they stand.
   */
  async #run(asks: readonly Plan[], isOver: () => boolean): Promise<boolean> {
    let settle: (failure: unknown) => void = () => {};
    const flight = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    for (const { state } of asks) state.inFlight = flight;
    const land = (failure?: unknown) => {
      for (const { state } of asks) if (state.inFlight === flight) state.inFlight = undefined;
      settle(failure);
    };
    try {
      const granted = await this.#callLedger(asks, isOver);
      land();
      return granted;
    } catch (error) {
      land(error);
      const spent = asks.flatMap(({ charge, granted }) =>
        granted === undefined ? [] : [{ charge, portion: granted }],
      );
      if (spent.length > 0) await this.#leases.putBack(spent);
      throw error;
    }
  }

  async #callLedger(asks: readonly Plan[], isOver: () => boolean): Promise<boolean> {
    // The ledger may have been away without the connection being lost.
    if (this.#fallbackShares.untold) await this.#fallbackShares.reconcile();
    const divisor = shareDivisor(this.#membership.processes ?? 1);
    let granted = true;
    for (const group of this.#ledger.callsByTag ? byTag(asks) : [asks]) {
      const sentAt = this.#clock.monotonicMilliseconds();
      const claims = group.map((one) => claimOf(one, sentAt, divisor, !granted));
      this.#claims++;
      const answer = await this.#ledger.claim(claims, isOver);
      const receivedAt = this.#clock.monotonicMilliseconds();
      if (answer.decision === 'undecided') {
        for (const one of group) learnUndecided(one, receivedAt + answer.milliseconds);
        throw new UndecidedError(answer.milliseconds);
      }
      const known = { generation: answer.generation, granted: answer.decision === 'granted', sentAt, receivedAt };
      group.forEach((one, index) => {
        const claim = claims[index];
        const claimed = answer.claimed[index];
        if (claim === undefined || claimed === undefined) throw new Error('The ledger left a claim out.');
        learn(one, claim, claimed, known, this.#leases);
        if (asks.length > 1 || one.state.seen !== undefined) {
          const resetAt = receivedAt + claimed.resetMilliseconds;
          one.state.seen = { available: claimed.available, resetAt, at: receivedAt };
        }
      });
      granted &&= known.granted;
    }
    return granted;
  }

  #release({ state, lease, held }: Plan): void {
    if (lease !== undefined) this.#leases.release(state, lease, held);
  }

  #result(
    { charge, state, lease, held, claimed, granted, receivedAt }: Plan,
    allowed: boolean,
    now: number,
  ): ChargeResult {
    const balance = balanceOf(state, now);
    let available = claimed?.available ?? 0;
    const resetAt = claimed === undefined ? (lease?.resetAt ?? now) : receivedAt + claimed.resetMilliseconds;
    if (!allowed) {
      // On a Cluster, what an earlier call granted went back: into a lease, or for a sliding window into the ledger.
      if (granted !== undefined && slides(charge)) available += granted.units;
      if (claimed === undefined) available = freshlyAvailable(state, now);
      const fits = claimed === undefined || (claimed.fits && charge.cost <= available + balance);
      return leasedResult(fits, available + balance, resetAt - now);
    }
    state.spent += charge.cost;
    recordOwnUnits(state, charge, charge.cost, resetAt, now);
    const portions: Portion[] = granted === undefined ? [] : [granted];
    if (lease !== undefined && held > 0) {
      lease.spentSinceSweep += held;
      portions.push({
        ...{ generation: lease.generation, id: lease.id, units: held },
        deadline: lease.deadline,
        resetAt,
      });
    }
    return leasedResult(true, available + balance, resetAt - now, portions);
  }
}

function byTag(plans: readonly Plan[]): Plan[][] {
  const groups = new Map<string, Plan[]>();
  for (const one of plans) {
    const group = groups.get(one.charge.tag);
    if (group === undefined) groups.set(one.charge.tag, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}
