import { readSecretKeys } from '../../core/secret-keys.js';
import type { OAuth2Options } from '../../options.js';
import { CACHE_KEYS_VARIABLE } from '../surroundings.js';
import type { HostConfiguration } from './host-configuration.js';

/** What the command line itself says; `redis: false`: no cache is told. */
export interface GivenOptions {
  readonly database: string | undefined;
  readonly redis: string | false | undefined;
  readonly keyPrefix: string | undefined;
  readonly resource: string | undefined;
}

/** The options by which a command works: those of the command line win over those of the servers. */
export interface EffectiveOptions extends Partial<OAuth2Options> {
  /** Names, in errors, where the database was given. */
  readonly databaseFrom: string;
}

const DATABASE_OPTION = '--database (or DATABASE_URL)';

/** Without a configuration, the environment says where the database and Redis are. */
export function effectiveOptions(
  given: GivenOptions,
  configuration: HostConfiguration | undefined,
  env: NodeJS.ProcessEnv,
): EffectiveOptions {
  const host = configuration?.options ?? {
    ...(env.DATABASE_URL && { database: env.DATABASE_URL }),
    ...(env.REDIS_URL && { redis: env.REDIS_URL }),
  };
  // Nothing else is to know of the services of a command.
  const { container: _container, logger: _logger, redis: hostRedis, ...rest } = host;
  const redis = given.redis === false ? undefined : (given.redis ?? hostRedis);
  return {
    ...rest,
    ...(given.database !== undefined && { database: given.database }),
    ...(redis !== undefined && { redis }),
    ...(given.keyPrefix !== undefined && { keyPrefix: given.keyPrefix }),
    ...(given.resource !== undefined && { resource: given.resource }),
    ...cacheOptions(rest, env),
    databaseFrom: configuration === undefined || given.database !== undefined ? DATABASE_OPTION : configuration.what,
  };
}

/**
 * How the servers authenticate their entries in Redis: with a key from the database, unless they have their own keys.
 */
function cacheOptions({ cache }: Partial<OAuth2Options>, env: NodeJS.ProcessEnv): Partial<OAuth2Options> {
  const text = env[CACHE_KEYS_VARIABLE]?.trim() ?? '';
  if (text === '') return {};
  const authenticationKeys = text.split(',').map((key) => key.trim());
  readSecretKeys(authenticationKeys, CACHE_KEYS_VARIABLE);
  return { cache: { ...cache, authenticationKeys } };
}
