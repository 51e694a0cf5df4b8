import type { Clock } from '../../core/clock.js';
import { EXPIRED, isTokenExpired, keptMilliseconds, type Verification } from '../../core/verified-token.js';
import type { LocalSettings } from './cache-options.js';
import { HeldTokens, type Moment } from './held-tokens.js';
import { type LookUpInFlight, LookUps } from './look-ups.js';
import type { Invalidation } from './token-cache.js';

/** The in-process level: entries and look-ups in progress. An invalidation always affects both. */
export class LocalLevel {
  readonly held: HeldTokens;
  readonly lookUps: LookUps;
  private readonly clock: Clock;

  constructor(settings: LocalSettings) {
    this.held = new HeldTokens(settings);
    this.lookUps = new LookUps(settings.clock, settings.boundMilliseconds);
    this.clock = settings.clock;
  }

  /** Drops entries, and prevents look-ups that began earlier from restoring them. */
  drop(invalidation: Invalidation, keys: readonly string[]): void {
    this.held.drop(invalidation);
    for (const key of keys) this.held.dropKey(key);
    this.lookUps.overtake(invalidation, keys);
  }

  /** Drops all entries, because invalidations may have been missed. */
  interrupt(): void {
    this.held.clear();
    this.lookUps.interrupt();
  }

  forgetMiss(key: string): void {
    this.held.forgetRefusal(key);
    this.lookUps.overtakeKey(key);
  }

  /**
   * Keeps the answer of a look-up, unless an invalidation overtook it, and returns it; `expired` if the token has
   * expired meanwhile. It is kept for `maxAgeMilliseconds` from `since`, when the answer was found, unless its verifier
   * has set another time.
   */
  keep(
    key: string,
    found: Verification,
    lookUp: LookUpInFlight,
    maxAgeMilliseconds: number,
    since: Moment = lookUp,
  ): Verification {
    const ended = found.status === 'active' && isTokenExpired(found.token, this.clock.nowMilliseconds());
    const verification = ended ? EXPIRED : found;
    if (this.lookUps.mayKeep(lookUp, found)) {
      const kept = found.status === 'active' ? keptMilliseconds(found, maxAgeMilliseconds) : maxAgeMilliseconds;
      this.held.keep(key, verification, since, kept);
    }
    return verification;
  }
}
