import type { Verification } from '../../core/verified-token.js';
import { type LocalSettings, type LocalTokenCacheOptions, localSettings } from './cache-options.js';
import { LocalLevel } from './local-level.js';
import type { CacheReading, Invalidation, LookUp, TokenCache } from './token-cache.js';

/**
 * A token cache local to this process.
 *
 * A verified token is trusted for at most `revocationBoundSeconds` (default 1) from the start of its look-up, and never
 * after it expires. So a revocation takes effect in this process immediately, and in every other process, including the
 * command line, within that bound. The answer of a look-up that takes longer than the bound is not kept at all.
 *
 * @throws ConfigurationError if an option is out of range
 */
export function localTokenCache(options: LocalTokenCacheOptions = {}): TokenCache {
  return new LocalTokenCache(localSettings(options, 0));
}

class LocalTokenCache implements TokenCache {
  readonly peek: TokenCache['peek'];
  private readonly boundMilliseconds: number;
  private readonly level: LocalLevel;

  constructor(settings: LocalSettings) {
    this.boundMilliseconds = settings.boundMilliseconds;
    this.level = new LocalLevel(settings);
    this.peek = this.level.held.peek;
  }

  async resolve(key: string, lookUp: LookUp): Promise<Verification> {
    const held = this.peek(key);
    if (held !== undefined) return held;
    return this.level.lookUps.run(key, async (inFlight) =>
      this.level.keep(key, await lookUp(), inFlight, this.boundMilliseconds),
    );
  }

  async invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void> {
    this.level.drop(invalidation, keys);
  }

  forgetMiss(key: string): void {
    this.level.forgetMiss(key);
  }

  reading(): CacheReading {
    return { entries: this.level.held.size, isProven: true, lagMilliseconds: undefined };
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.level.drop({ kind: 'everything' }, []);
  }
}
