import type { Context } from 'koa';
import { LRUCache } from 'lru-cache';
import { type KnownRefusal, throttledFor } from '../../core/errors/known-refusal.js';
import { TemporarilyUnavailableError } from '../../core/errors.js';
import type { FailureBudget } from '../../core/failure-budget.js';
import { isForForeignPage } from '../../core/foreign-page.js';
import { after } from '../../core/promises.js';
import type { TokenAdmission } from '../../core/token-admission.js';
import type { BadTokenReason, BadTokens } from './bad-tokens.js';

/** How many look-ups of one address may run at once in this process. */
export const LOOK_UPS_AT_ONCE = 1_000;

/**
 * How many tokens are remembered as valid at their last look-up; the least recently used are forgotten first. Without
 * Redis the cache keeps a token for only a second; this memory needs no such limit, since it only decides whether a
 * look-up is admitted.
 */
const REMEMBERED_TOKENS = 50_000;

/**
 * The key under which failures of a request are counted: its address; or a key apart from it for what a browser sends
 * from there for a page of another origin, possibly without its user's knowledge.
 */
export function countedAddress(context: Context, address: string): string {
  const isForeign = isForForeignPage(context.req.headers, (origin) => isOrigin(origin, context.host));
  return isForeign ? `pages:${address}` : address;
}

function isOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * Decides whether a token may be looked up. Each address has two separate limits: a budget of failures, and a number of
 * look-ups in progress. So valid tokens never use up the budget, however many are looked up at once and however long
 * that takes; and a flood of invalid ones causes no more look-ups than the two limits allow together.
 */
export class LookUpAdmission implements TokenAdmission {
  private readonly failures: Pick<FailureBudget, 'retryAfterSeconds' | 'fail'> | undefined;
  private readonly badTokens: BadTokens;
  private readonly underWay = new Map<string, number>();
  /** By the SHA-256 of the token: these are not refused because of others' failures at the same address. */
  private readonly good = new LRUCache<string, true>({ max: REMEMBERED_TOKENS });

  constructor(failures: Pick<FailureBudget, 'retryAfterSeconds' | 'fail'> | undefined, badTokens: BadTokens) {
    this.failures = failures;
    this.badTokens = badTokens;
  }

  /**
   * Begins a look-up; `leave` ends it.
   *
   * @param key the SHA-256 of the token
   * @throws ThrottledError if the address is over its budget and the token was not valid recently
   * @throws TemporarilyUnavailableError if too many look-ups of the address are in progress
   */
  enter(address: string, key: string): void {
    throwIt(this.overBudget(address, key));
    this.begin(address);
  }

  /**
   * Begins a look-up of a token that `overBudget` did not refuse; `leave` ends it.
   *
   * @throws TemporarilyUnavailableError if too many look-ups of the address are in progress
   */
  begin(address: string): void {
    const underWay = this.underWay.get(address) ?? 0;
    if (underWay >= LOOK_UPS_AT_ONCE) {
      throw new TemporarilyUnavailableError({
        part: 'look-ups',
        detail: `${LOOK_UPS_AT_ONCE} tokens from ${address} are being looked up already`,
      });
    }
    this.underWay.set(address, underWay + 1);
  }

  /** The refusal of a token, before anything is asked about it, if its address is over the budget and it was not valid recently. */
  overBudget(address: string, key: string): KnownRefusal | undefined {
    const retryAfterSeconds = this.failures?.retryAfterSeconds(address) ?? 0;
    // `get` rather than `has`: it marks the entry as recently used.
    if (retryAfterSeconds === 0 || this.good.get(key) !== undefined) return undefined;
    this.badTokens.count(address, 'unexamined');
    return throttledFor(retryAfterSeconds);
  }

  leave(address: string): void {
    const underWay = (this.underWay.get(address) ?? 1) - 1;
    if (underWay > 0) this.underWay.set(address, underWay);
    else this.underWay.delete(address);
  }

  /** Remembers a token that was valid or was issued here. */
  succeeded(key: string): void {
    this.good.set(key, true);
  }

  /**
   * Counts a failure.
   *
   * @param key the SHA-256 of the token, if there was one
   * @throws ThrottledError (or rejects with one) if the address is over its budget
   */
  failed(address: string, reason: BadTokenReason, key?: string): void | Promise<void> {
    return after(this.countFailure(address, reason, key), throwIt);
  }

  /** The same, but the refusal is returned; `undefined` if the address is within its budget. */
  countFailure(
    address: string,
    reason: BadTokenReason,
    key?: string,
  ): KnownRefusal | undefined | Promise<KnownRefusal | undefined> {
    this.badTokens.count(address, reason);
    if (key !== undefined) this.good.delete(key);
    if (this.failures === undefined) return undefined;
    const known = this.failures.retryAfterSeconds(address);
    return after(known > 0 ? known : this.failures.fail(address), refusalIfOver);
  }
}

function refusalIfOver(retryAfterSeconds: number): KnownRefusal | undefined {
  return retryAfterSeconds > 0 ? throttledFor(retryAfterSeconds) : undefined;
}

function throwIt(refusal: KnownRefusal | undefined): void {
  if (refusal !== undefined) throw refusal.again();
}
