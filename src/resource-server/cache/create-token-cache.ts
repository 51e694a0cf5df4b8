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
  /** The Redis with the shared level; without it the cache is local to this process. */
  readonly redis?: SharedTokenCacheOptions['redis'] | undefined;
  /** Required with `redis`. */
  readonly loadUser?: SharedTokenCacheOptions['loadUser'] | undefined;
  /** Required with `redis`: the identity of the database that the entries belong to. */
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
  'tracing',
  'onStateChange',
  'identity',
] as const satisfies readonly (keyof TokenCacheOptions)[];

/**
 * Creates a shared token cache if there is a Redis, otherwise a local one. The options of the other kind are checked
 * too, so that mistakes are found early.
 *
 * @throws ConfigurationError if an option is unknown, missing or out of range
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
  // Checked now rather than when the identity is known.
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
