import type { Clock } from '../../../core/clock.js';
import type { Ledger } from './ledger.js';

/** How long a process counts as a member after its last renewal. */
const LEASE_MILLISECONDS = 10_000;

/**
 * The processes that share a ledger. Each renews its membership every second; the members that it read last count while
 * the ledger is unavailable.
 *
 * Shares are safe: they add up to no more than the limit.
 * - If a process stops renewing, the shares of the others grow only after its membership has expired, even if the
 *   ledger has forgotten all members.
 * - A process that joins others has no share until they have had time to read about it.
 * - A process that comes back after a long interruption keeps the share that it had all the time.
 */
export class Membership {
  static readonly PERIOD_MILLISECONDS = 1000;

  private readonly ledger: Ledger;
  private readonly member: string;
  private readonly clock: Clock;
  private members: readonly string[] | undefined;
  /** The members on which its share was based before a long interruption. */
  private membersBefore: readonly string[] | undefined;
  /** When each process was last seen. */
  private readonly heardAt = new Map<string, number>();
  private renewedAt = Number.NEGATIVE_INFINITY;
  /** The moment from which this process has a share. */
  private sharesFrom = Number.POSITIVE_INFINITY;
  private renewing: Promise<void> | undefined;
  private left = false;

  constructor(ledger: Ledger, member: string, clock: Clock) {
    this.ledger = ledger;
    this.member = member;
    this.clock = clock;
  }

  /** How many processes there are, if that is known. */
  get processes(): number | undefined {
    return this.members?.length;
  }

  /** The part of a limit that this process may spend by itself; `undefined` if it has none. */
  readonly share = (limit: number): number | undefined => {
    const members = this.clock.monotonicMilliseconds() < this.sharesFrom ? this.membersBefore : this.members;
    if (members === undefined) return undefined;
    const processes = members.length;
    const rank = members.indexOf(this.member);
    return Math.floor(limit / processes) + (rank < limit % processes ? 1 : 0);
  };

  /** How long until this process has a share; 0 if it has one, or the ledger was never reached. */
  get millisecondsUntilShare(): number {
    if (this.members === undefined || this.membersBefore !== undefined) return 0;
    return Math.max(0, this.sharesFrom - this.clock.monotonicMilliseconds());
  }

  /** Renews the membership. Never rejects. */
  renew(): Promise<void> {
    if (this.left || !this.ledger.connected) return Promise.resolve();
    this.renewing ??= this.renewNow()
      .catch(() => {})
      .finally(() => {
        this.renewing = undefined;
      });
    return this.renewing;
  }

  /** Resolves when a renewal in progress has ended. */
  async renewed(): Promise<void> {
    await this.renewing;
  }

  async leave(): Promise<void> {
    this.left = true;
    await this.renewing;
    await this.ledger.leave(this.member).catch(() => {});
  }

  private async renewNow(): Promise<void> {
    const sentAt = this.clock.monotonicMilliseconds();
    for (const member of await this.ledger.join(this.member, LEASE_MILLISECONDS)) this.heardAt.set(member, sentAt);
    for (const [member, at] of this.heardAt) if (sentAt - at >= LEASE_MILLISECONDS) this.heardAt.delete(member);
    const members = [...this.heardAt.keys()].sort();
    const now = this.clock.monotonicMilliseconds();
    // After a long interruption the others may have continued without this process: it joins again.
    const rejoins = sentAt - this.renewedAt > LEASE_MILLISECONDS / 2;
    if (rejoins) {
      if (now >= this.sharesFrom) this.membersBefore = this.members;
      const alone = members.length === 1 && (this.membersBefore?.length ?? 1) === 1;
      this.sharesFrom = alone ? now : now + 2 * Membership.PERIOD_MILLISECONDS;
    }
    this.renewedAt = sentAt;
    this.members = members;
  }
}
