import { knownOptions } from '../../core/options/index.js';
import { CACHE_OPTION_NAMES, localSettings, sharedTimes } from './cache-options.js';
import { localTokenCache } from './local-token-cache.js';
import { type SharedTokenCacheOptions, sharedTokenCache } from './shared-token-cache.js';
import type { TokenCache } from './token-cache.js';

/** Options of `createTokenCache`. */
export interface TokenCacheOptions extends Omit<SharedTokenCacheOptions, 'redis' | 'loadUser'> {
  /** Where the shared level lies; without it the cache is this process's own. */
  readonly redis?: SharedTokenCacheOptions['redis'];
  /** Needed with `redis`. */
  readonly loadUser?: SharedTokenCacheOptions['loadUser'];
}

const NAMES = [
  ...CACHE_OPTION_NAMES,
  'redis',
  'keyPrefix',
  'policy',
  'loadUser',
  'clock',
  'logger',
] as const satisfies readonly (keyof TokenCacheOptions)[];

/**
 * A shared token cache if there is a Redis, else one of this process alone. Options of the other kind are checked too,
 * so that a mistake shows before it matters.
 *
 * @throws ConfigurationError if an option is unknown, missing or out of its range
 */
export function createTokenCache(given: TokenCacheOptions = {}): TokenCache {
  const options = knownOptions<TokenCacheOptions>('cache', given, NAMES);
  const { redis } = options;
  if (redis === undefined) {
    sharedTimes(options, localSettings(options, 0));
    return localTokenCache(options);
  }
  // A missing `loadUser` is named where it is needed.
  return sharedTokenCache({ ...options, redis } as SharedTokenCacheOptions);
}
