import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import { TemporarilyUnavailableError, ThrottledError } from '../../core/errors.js';
import { isForForeignPage } from '../../core/foreign-page.js';
import type { BadTokenReason, BadTokens } from './bad-tokens.js';

/** A budget of failed authentications by address. */
export interface FailureBudget {
  /** In how many whole seconds an address may try again; 0: now. */
  retryAfterSeconds(address: string): number;
  /** Counts a failure; 0 if it is within the budget, else in how many whole seconds a next try makes sense. */
  fail(address: string): number | Promise<number>;
}

/** How many look-ups of one address may be under way in this process. */
export const LOOK_UPS_AT_ONCE = 1_000;

/**
 * How many tokens are remembered that were good when they were looked up last, those that were used longest ago given up
 * first. Without Redis the cache holds a token for a second only; this memory has no such bound, since nothing but the
 * admission to a look-up follows from it.
 */
const REMEMBERED_TOKENS = 50_000;

/**
 * What failures of a request count under: its address, or apart from it what a browser has sent from there for a page of
 * another origin, which may have had no user behind it.
 */
export function countedAddress({ req, host }: Context, address: string): string {
  return isForForeignPage(req.headers, (origin) => isOrigin(origin, host)) ? `pages:${address}` : address;
}

function isOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * Decides whether a token may be looked up. Two bounds hold by address, and they are apart: failures by the budget, and
 * what is under way by number. So no good token counts against the budget, however many are looked up at one time and
 * however long that takes; and a storm of bad ones costs no more look-ups than the two bounds together.
 */
export class LookUpAdmission {
  private readonly failures: FailureBudget | undefined;
  private readonly badTokens: BadTokens;
  private readonly underWay = new Map<string, number>();
  /** By the SHA-256 of the token: a neighbour's failures do not shut these out. */
  private readonly good = new LRUCache<string, true>({ max: REMEMBERED_TOKENS });

  constructor(failures: FailureBudget | undefined, badTokens: BadTokens) {
    this.failures = failures;
    this.badTokens = badTokens;
  }

  /**
   * Takes a place for a look-up; `leave` gives it back.
   *
   * @param key the SHA-256 of the token
   * @throws ThrottledError if the address is over its budget and the token was not good lately
   * @throws TemporarilyUnavailableError if too many look-ups of the address are under way
   */
  enter(address: string, key: string): void {
    const retryAfterSeconds = this.failures?.retryAfterSeconds(address) ?? 0;
    // Not `has`: it was used now.
    if (retryAfterSeconds > 0 && this.good.get(key) === undefined) {
      this.badTokens.count(address, 'unexamined');
      throw new ThrottledError(retryAfterSeconds);
    }
    const underWay = this.underWay.get(address) ?? 0;
    if (underWay >= LOOK_UPS_AT_ONCE) {
      throw new TemporarilyUnavailableError({
        part: 'look-ups',
        detail: `${LOOK_UPS_AT_ONCE} tokens from ${address} are being looked up already`,
      });
    }
    this.underWay.set(address, underWay + 1);
  }

  leave(address: string): void {
    const underWay = (this.underWay.get(address) ?? 1) - 1;
    if (underWay > 0) this.underWay.set(address, underWay);
    else this.underWay.delete(address);
  }

  /** A token turned out to be good, or was issued here. */
  succeeded(key: string): void {
    this.good.set(key, true);
  }

  /**
   * Counts a failure.
   *
   * @param key the SHA-256 of the token, if there was one
   * @throws ThrottledError if the address is over its budget
   */
  async failed(address: string, reason: BadTokenReason, key?: string): Promise<void> {
    this.badTokens.count(address, reason);
    if (key !== undefined) this.good.delete(key);
    const known = this.failures?.retryAfterSeconds(address) ?? 0;
    const retryAfterSeconds = known > 0 ? known : ((await this.failures?.fail(address)) ?? 0);
    if (retryAfterSeconds > 0) throw new ThrottledError(retryAfterSeconds);
  }
}
