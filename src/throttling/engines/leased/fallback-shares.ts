import type { Clock } from '../../../core/clock.js';
import { slides } from '../../algorithm.js';
import type { Charge, ThrottleDecision } from '../../throttle-engine.js';
import { SlidingLog } from '../memory-sliding-log.js';
import type { Ledger, Registration } from './ledger.js';
import { leasedResult, type Portion } from './portions.js';

/** Stands for a generation of the ledger if this process alone counted the units, by its own clock. */
export const FALLBACK_GENERATION = -1;

/** The units of one key that this process spent without the ledger, in one window. */
interface Spending {
  readonly charge: Charge;
  readonly log: SlidingLog | undefined;
  used: number;
  /** How much of `total` is registered with the ledger. */
  registered: number;
  /** All units since the window began; a sliding one begins with its first unit. */
  total: number;
  endsAt: number;
}

/**
 * Counts in this process while the ledger is unavailable, within this process's share of each limit, and registers the
 * spent units when the ledger is back. They also stay counted here until their window has ended, so that an unstable
 * connection gives no second share.
 */
export class FallbackShares {
  private readonly ledger: Ledger;
  private readonly clock: Clock;
  private readonly maxKeys: number;
  private readonly spendings = new Map<string, Spending>();
  /** Whether some spent units are not registered with the ledger. */
  private unregistered = false;

  constructor(ledger: Ledger, clock: Clock, maxKeys: number) {
    this.ledger = ledger;
    this.clock = clock;
    this.maxKeys = maxKeys;
  }

  /**
   * @param charges with each key once
   * @param share the part of a limit that this process has; `undefined` if it has none
   * @param own the units of the ledger that this process spent before
   */
  consume(
    charges: readonly Charge[],
    share: (limit: number) => number | undefined,
    own: (charge: Charge) => number,
  ): ThrottleDecision | undefined {
    const now = this.clock.monotonicMilliseconds();
    const limits: number[] = [];
    for (const { limit } of charges) {
      const own = share(limit);
      if (own === undefined) return undefined;
      limits.push(own);
    }
    const hasRoom = this.spendings.size + charges.length <= this.maxKeys;
    // A key without room has no units, since its spending could not be counted.
    const used = charges.map((charge) =>
      hasRoom || this.spendings.has(charge.key) ? this.used(charge.key, now) + own(charge) : charge.limit,
    );
    const fits = charges.map(
      ({ cost }, index) => (limits[index] as number) > 0 && (used[index] as number) + cost <= (limits[index] as number),
    );
    const allowed = fits.every(Boolean);
    const results = charges.map((charge, index) => {
      const limit = limits[index] as number;
      const portions = allowed ? this.spend(charge, now) : undefined;
      const remaining = Math.max(0, limit - (used[index] as number) - (allowed ? charge.cost : 0));
      return leasedResult(fits[index] as boolean, remaining, this.resetOf(charge, now), portions);
    });
    return { allowed, results };
  }

  /** Refunds units that were spent here. Units that were registered meanwhile stay spent in the ledger. */
  refund({ key }: Charge, { id, units }: Portion): void {
    const spending = this.spendings.get(key);
    if (spending === undefined) return;
    const now = this.clock.monotonicMilliseconds();
    if (spending.log !== undefined) spending.log.remove(id, units, now);
    else if (spending.endsAt !== id) return;
    spending.used = Math.max(0, spending.used - units);
    spending.total = Math.max(spending.registered, spending.total - units);
  }

  /**
   * Deducts what was spent here from units that the ledger grants after all: a claim that was in progress when the
   * ledger seemed to be unavailable does not account for it. Returns how many units are left.
   */
  settle(key: string, units: number): number {
    const spending = this.spendings.get(key);
    if (spending === undefined || spending.endsAt <= this.clock.monotonicMilliseconds()) return units;
    const paid = Math.min(units, spending.total - spending.registered);
    spending.registered += paid;
    return units - paid;
  }

  get hasUnregistered(): boolean {
    return this.unregistered;
  }

  /**
   * Registers what the ledger does not know yet. Best effort: what is not delivered is registered the next time. If
   * only the answer is lost it is registered twice, which is stricter.
   */
  async reconcile(): Promise<void> {
    if (!this.unregistered || !this.ledger.connected) return;
    this.unregistered = false;
    const now = this.clock.monotonicMilliseconds();
    const registering: { spending: Spending; units: number }[] = [];
    const registrations: Registration[] = [];
    for (const spending of this.spendings.values()) {
      const units = spending.total - spending.registered;
      if (units === 0 || spending.endsAt <= now) continue;
      registrations.push({ charge: spending.charge, units, leftMilliseconds: spending.endsAt - now });
      registering.push({ spending, units });
      spending.registered += units;
    }
    try {
      await this.ledger.register(registrations);
    } catch {
      this.unregistered = true;
      for (const { spending, units } of registering) spending.registered -= units;
    }
  }

  /** Removes windows that have ended. */
  sweep(): void {
    const now = this.clock.monotonicMilliseconds();
    for (const [key, { endsAt }] of this.spendings) if (endsAt <= now) this.spendings.delete(key);
  }

  private used(key: string, now: number): number {
    const spending = this.spendings.get(key);
    if (spending === undefined || spending.endsAt <= now) return 0;
    return spending.log?.used(now) ?? spending.used;
  }

  private spend(charge: Charge, now: number): readonly Portion[] {
    if (charge.cost === 0) return [];
    let spending = this.spendings.get(charge.key);
    if (spending === undefined || spending.endsAt <= now) {
      const log = slides(charge) ? new SlidingLog(charge.windowMilliseconds) : undefined;
      spending = { charge, log, used: 0, registered: 0, total: 0, endsAt: now + charge.windowMilliseconds };
      this.spendings.set(charge.key, spending);
    }
    this.unregistered = true;
    spending.used += charge.cost;
    spending.total += charge.cost;
    spending.log?.add(now, charge.cost);
    if (spending.log !== undefined) spending.endsAt = now + charge.windowMilliseconds;
    // The deadline keeps it out of leases: the ledger has not counted it.
    const id = spending.log === undefined ? spending.endsAt : now;
    return [
      {
        generation: FALLBACK_GENERATION,
        id,
        units: charge.cost,
        deadline: Number.NEGATIVE_INFINITY,
        resetAt: spending.endsAt,
      },
    ];
  }

  private resetOf(charge: Charge, now: number): number {
    const spending = this.spendings.get(charge.key);
    return spending === undefined || spending.endsAt <= now ? charge.windowMilliseconds : spending.endsAt - now;
  }
}
