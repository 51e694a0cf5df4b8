import { knownOptions, refuseOption } from '../../core/options/index.js';
import { readSecretKeys } from '../../core/secret-keys.js';
import type { IdentitySource } from '../../core/shared-identity.js';
import { CACHE_OPTION_NAMES, localSettings, sharedTimes } from './cache-options.js';
import { LateTokenCache } from './late-token-cache.js';
import { localTokenCache } from './local-token-cache.js';
import { MessageAuthenticator } from './message-authenticator.js';
import {
  checkSharedTokenCache,
  DEFAULT_KEY_PREFIX,
  type SharedTokenCacheOptions,
  sharedTokenCache,
} from './shared-token-cache.js';
import type { TokenCache } from './token-cache.js';

/** Options of `createTokenCache`. */
export interface TokenCacheOptions extends Omit<SharedTokenCacheOptions, 'redis' | 'loadUser' | 'authenticator'> {
  /** Where the shared level lies; without it the cache is this process's own. */
  readonly redis?: SharedTokenCacheOptions['redis'] | undefined;
  /** Needed with `redis`. */
  readonly loadUser?: SharedTokenCacheOptions['loadUser'] | undefined;
  /** Needed with `redis`: the database that the entries belong to. */
  readonly identity?: IdentitySource | undefined;
}

const NAMES = [
  ...CACHE_OPTION_NAMES,
  'redis',
  'keyPrefix',
  'policy',
  'loadUser',
  'clock',
  'logger',
  'identity',
] as const satisfies readonly (keyof TokenCacheOptions)[];

/**
 * A shared token cache if there is a Redis, else one of this process alone. Options of the other kind are checked too,
 * so that a mistake shows before it matters.
 *
 * @throws ConfigurationError if an option is unknown, missing or out of its range
 */
export function createTokenCache(given: TokenCacheOptions = {}): TokenCache {
  const options = knownOptions<TokenCacheOptions>('cache', given, NAMES);
  const { redis, identity, authenticationKeys, ...shared } = options;
  const keys =
    authenticationKeys === undefined ? undefined : readSecretKeys(authenticationKeys, 'cache.authenticationKeys');
  if (redis === undefined) {
    sharedTimes(options, localSettings(options, 0));
    return localTokenCache(options);
  }
  const complete = { ...shared, redis } as Omit<SharedTokenCacheOptions, 'authenticator'>;
  // What is wrong shows now, and not when the identity is known.
  checkSharedTokenCache(complete);
  if (identity === undefined) refuseOption('cache.identity', identity, 'give the identity of the database');
  return new LateTokenCache(localTokenCache(options), identity, ({ id, macKey }) =>
    sharedTokenCache({
      ...complete,
      keyPrefix: `${shared.keyPrefix ?? DEFAULT_KEY_PREFIX}${id}:`,
      authenticator: new MessageAuthenticator(id, keys ?? [macKey]),
    }),
  );
}
