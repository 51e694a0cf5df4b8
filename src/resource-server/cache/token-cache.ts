import type { Verification } from '../../core/verified-token.js';

/** What to drop: one token by its key, all of a user, all of an application, or everything. */
export type Invalidation =
  | { readonly kind: 'token'; readonly key: string }
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'application'; readonly clientId: string }
  | { readonly kind: 'everything' };

/** Asks the verifier, when no level of the cache has an answer. */
export type LookUp = () => Verification | Promise<Verification>;

/** Verified tokens by the SHA-256 of the token. Every level of caching is behind this one port. */
export interface TokenCache {
  /** An answer that this process holds and may trust now; no I/O. `undefined`: ask `resolve`. */
  peek(key: string): Verification | undefined;
  /**
   * The answer from the nearest level that has one, else from `lookUp`, which runs once for all who ask for the same
   * key at the same time.
   */
  resolve(key: string, lookUp: LookUp): Promise<Verification>;
  /**
   * Drops what is cached, here and in every process, and forbids look-ups that began before from filling it again.
   * Resolves when every shared level has dropped it. `keys` are the cache keys of the tokens that the invalidation
   * covers, as far as the database knows them; they must have been read after the change was committed.
   *
   * @throws TemporarilyUnavailableError if the shared level could not be told; the bound is then `maxAgeSeconds`
   */
  invalidate(invalidation: Invalidation, keys: readonly string[]): Promise<void>;
  /** Forgets that a token was unknown, because it was just issued. In this process only. */
  forgetMiss(key: string): void;
  /** Resolves when the first connection to the shared level stands, or its first attempt has failed; never rejects. */
  ready(): Promise<void>;
  /** Closes connections that the cache opened itself. */
  close(): Promise<void>;
}
