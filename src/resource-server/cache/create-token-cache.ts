import { ConfigurationError } from '../../core/errors.js';
import { localSettings, sharedTimes } from './cache-options.js';
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
  'maxEntries',
  'maxBytes',
  'revocationBoundSeconds',
  'negativeMaxAgeSeconds',
  'negativeMaxEntries',
  'maxAgeSeconds',
  'deadlineMilliseconds',
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
export function createTokenCache(options: TokenCacheOptions = {}): TokenCache {
  for (const name of Object.keys(options)) {
    if ((NAMES as readonly string[]).includes(name)) continue;
    throw new ConfigurationError(`cache.${name}: there is no such option; there are ${NAMES.slice(0, 7).join(', ')}.`);
  }
  const { redis } = options;
  if (redis === undefined) {
    sharedTimes(options, localSettings(options, 0));
    return localTokenCache(options);
  }
  // A missing `loadUser` is named where it is needed.
  return sharedTokenCache({ ...options, redis } as SharedTokenCacheOptions);
}
