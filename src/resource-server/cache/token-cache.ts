import type { HistoryStore } from '../../core/observation/history-store.js';
import type { Verification } from '../../core/verified-token.js';

/** What to drop: one token by its key, all tokens of a user or of an application, or everything. */
export type Invalidation =
  | { readonly kind: 'token'; readonly key: string }
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'application'; readonly clientId: string }
  | { readonly kind: 'everything' };

/** Asks the verifier, if no level of the cache has an answer. */
export type LookUp = () => Verification | Promise<Verification>;

/** Who shares an answer: all processes, if there is a Redis, or only the requests of this process. */
export type SharedBy = 'processes' | 'requests';

/** Whether the shared level can be asked. */
export type SharedLevelState = { readonly isUp: true } | { readonly isUp: false; readonly reason: string };

/** The state of a cache. */
export interface CacheReading {
  /** How many verified tokens this process holds. */
  readonly entries: number;
  /** Whether the channel for revocations is proven, so that the entries of this process may be used. */
  readonly isProven: boolean;
  /**
   * How long the last probe took to arrive that was published as a revocation is; `undefined` if none has arrived, or
   * nothing is shared.
   */
  readonly lagMilliseconds: number | undefined;
}

/** Verified tokens by the SHA-256 of the token. This port hides every level of caching. */
export interface TokenCache {
  /** The answer that this process has and may trust now, without I/O. `undefined`: call `resolve`. */
  peek(key: string): Verification | undefined;
  /**
   * The answer of the nearest level that has one, otherwise of `lookUp`, which runs once for concurrent requests for
   * the same key.
   *
   * @param sharedBy default `processes`; with `requests`, Redis is not asked
   */
  resolve(key: string, lookUp: LookUp, sharedBy?: SharedBy): Promise<Verification>;
  /**
   * Drops entries, here and in every process, and prevents look-ups that began earlier from filling them again.
   * Resolves when every shared level has dropped them. `keys` are the cache keys of the tokens that the invalidation
   * covers, as far as the database knows them; they must have been read after the change was committed.
   *
   * @throws TemporarilyUnavailableError if the shared level could not be reached; the bound is then `maxAgeSeconds`
   */
  invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void>;
  /** Forgets that a token was unknown, because it was just issued. Only in this process. */
  forgetMiss(key: string): void;
  /** Calls back for each answer of the shared level, with how long it took; a cache without such a level never does. */
  onShared?(listener: (verification: Verification, milliseconds: number) => void): void;
  /** What can be said of the cache now, without I/O. */
  reading(): CacheReading;
  /** Resolves when the first connection to the shared level is open or its first attempt has failed; never rejects. */
  ready(): Promise<void>;
  /** Whether the level that processes share can be asked now, and why not; `undefined` if there is none. */
  sharedLevel?(): SharedLevelState | undefined;
  /**
   * How many other processes are told of invalidations now; `undefined` if nothing is shared, or that cannot be said.
   */
  listeners?(): Promise<number | undefined>;
  /** Where the counts of all processes are kept; `undefined`: they share nothing now. */
  history?(): HistoryStore | undefined;
  /** Closes connections that the cache opened itself. */
  close(): Promise<void>;
}
