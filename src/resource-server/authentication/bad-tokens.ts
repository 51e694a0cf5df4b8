import type { Clock } from '../../core/clock.js';
import type { Logger } from '../../core/logger.js';
import { printable } from '../../core/printable.js';

/** The period that one log line covers. */
const WINDOW_MILLISECONDS = 60_000;

/** The greatest number of addresses that are counted separately, so that many attackers cannot fill the memory. */
const MAXIMUM_ADDRESSES = 10_000;

/** From this number on the line is a warning; a single client with an outdated token does not reach it. */
const MANY = 100;

/** Why a token was refused; `unexamined`: its address was over the failure budget, so the token was not looked up. */
export type BadTokenReason = 'invalid' | 'expired' | 'unexamined';

/**
 * Counts refused requests with tokens and logs one line per minute, or none if there were none. The line states how
 * many there were and where they came from, and contains nothing of the tokens.
 */
export class BadTokens {
  private readonly logger: Logger;
  private readonly clock: Clock;
  private since = 0;
  private counts: Record<BadTokenReason, number> = { invalid: 0, expired: 0, unexamined: 0 };
  private readonly byAddress = new Map<string, number>();
  /** Whether there were more addresses than can be counted. */
  private hasMore = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, clock: Clock) {
    this.logger = logger;
    this.clock = clock;
  }

  /** @param address the key of the address that the request came from, e.g. `ip:203.0.113.5` */
  count(address: string, reason: BadTokenReason): void {
    const now = this.clock.monotonicMilliseconds();
    if (this.timer !== undefined && now - this.since >= WINDOW_MILLISECONDS) this.say(now);
    if (this.timer === undefined) {
      this.since = now;
      this.timer = setTimeout(() => this.say(this.clock.monotonicMilliseconds()), WINDOW_MILLISECONDS);
      this.timer.unref();
    }
    this.counts[reason] += 1;
    const known = this.byAddress.get(address);
    if (known !== undefined || this.byAddress.size < MAXIMUM_ADDRESSES) {
      this.byAddress.set(address, (known ?? 0) + 1);
    } else {
      this.hasMore = true;
    }
  }

  /** Logs what was counted so far. */
  close(): void {
    if (this.timer !== undefined) this.say(this.clock.monotonicMilliseconds());
  }

  private say(now: number): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { invalid, expired, unexamined } = this.counts;
    const total = invalid + expired + unexamined;
    const level = invalid + unexamined >= MANY ? 'warn' : 'info';
    const seconds = Math.max(1, Math.round((now - this.since) / 1000));
    const parts = [
      `${counted(total, 'request')} with bad tokens within ${counted(seconds, 'second')}, from ${this.addresses(total)}`,
    ];
    if (expired > 0) parts.push(`${number(expired)} expired`);
    if (unexamined > 0)
      parts.push(`${number(unexamined)} not looked up, because too many from their address had failed`);
    this.counts = { invalid: 0, expired: 0, unexamined: 0 };
    this.byAddress.clear();
    this.hasMore = false;
    this.logger[level](`${parts.join('; ')}.`);
  }

  private addresses(total: number): string {
    let busiest = '';
    let most = 0;
    for (const [address, count] of this.byAddress) {
      if (count <= most) continue;
      busiest = address;
      most = count;
    }
    const name = printable(busiest.replace(/^(?:pages:)?ip:/, ''));
    if (most === total) return `one address (${name})`;
    const addresses = number(this.byAddress.size);
    return `${this.hasMore ? 'more than ' : ''}${addresses} addresses, most of them (${number(most)}) from ${name}`;
  }
}

function counted(count: number, unit: string): string {
  return `${number(count)} ${unit}${count === 1 ? '' : 's'}`;
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
