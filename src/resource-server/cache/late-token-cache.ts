import type { HistoryStore } from '../../core/observation/history-store.js';
import type { IdentitySource, SharedIdentity } from '../../core/shared-identity.js';
import type { Verification } from '../../core/verified-token.js';
import type { CacheReading, Invalidation, LookUp, SharedBy, SharedLevelState, TokenCache } from './token-cache.js';

/** There is a Redis, but it cannot be used before the identity of the database is known. */
const UNAVAILABLE: HistoryStore = {
  isAvailable: false,
  add: async () => undefined,
  read: async () => [],
};

/**
 * A token cache whose shared level belongs to a database, and therefore starts only when the identity of that database
 * is known.
 *
 * Until then, and while the database has none, this process caches locally, as it would without Redis: a token is
 * looked up in the database at least once per `revocationBoundSeconds`.
 */
export class LateTokenCache implements TokenCache {
  private readonly identity: IdentitySource;
  private cache: TokenCache;
  private isShared = false;
  private closed = false;
  private tellShared: Parameters<NonNullable<TokenCache['onShared']>>[0] | undefined;

  /**
   * @param alone the local cache
   * @param share creates the shared cache, once
   */
  constructor(alone: TokenCache, identity: IdentitySource, share: (identity: SharedIdentity) => TokenCache) {
    this.cache = alone;
    this.identity = identity;
    identity.subscribe((known) => {
      if (known === undefined || this.closed) return;
      this.cache = share(known);
      this.isShared = true;
      if (this.tellShared !== undefined) this.cache.onShared?.(this.tellShared);
      void alone.close();
    });
  }

  peek(key: string): Verification | undefined {
    return this.cache.peek(key);
  }

  resolve(key: string, lookUp: LookUp, sharedBy?: SharedBy): Promise<Verification> {
    return this.cache.resolve(key, lookUp, sharedBy);
  }

  async invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void> {
    if (!this.isShared) {
      await this.cache.invalidate(invalidation, keys);
      // Other processes may share already, if the database was migrated just now.
      if ((await this.identity.ask()) === undefined) return;
    }
    await this.cache.invalidate(invalidation, keys);
  }

  forgetMiss(key: string): void {
    this.cache.forgetMiss(key);
  }

  onShared(listener: (verification: Verification, milliseconds: number) => void): void {
    this.tellShared = listener;
    this.cache.onShared?.(listener);
  }

  reading(): CacheReading {
    return this.cache.reading();
  }

  ready(): Promise<void> {
    return this.cache.ready();
  }

  history(): HistoryStore | undefined {
    return this.cache.history?.() ?? UNAVAILABLE;
  }

  sharedLevel(): SharedLevelState {
    const waiting = 'the identity of the database is not known yet';
    return (this.isShared && this.cache.sharedLevel?.()) || { isUp: false, reason: waiting };
  }

  async listeners(): Promise<number | undefined> {
    return this.cache.listeners?.();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.cache.close();
  }
}
