import { Option } from 'commander';
import { TemporarilyUnavailableError } from '../core/errors.js';
import { silentLogger } from '../core/logger.js';
import type { OAuth2Services } from '../services.js';
import { unavailable } from './failures.js';
import { shortText } from './option-values.js';

/** The option of the commands that invalidate caches. */
export function keyPrefixOption(): Option {
  return new Option('--key-prefix <prefix>', 'prefix of the Redis keys, if the servers set `keyPrefix`').argParser(
    shortText,
  );
}

/** The message if the change is in the database but could not be sent to the caches. */
export interface DatabasePart {
  /** What has been done in the database. */
  readonly done: string;
  /** What to do about the caches, if anything can be done. */
  readonly advice?: string;
}

/**
 * Makes a change in the database and then in the caches.
 *
 * @throws CliError if the database was changed but Redis could not be reached, saying so and for how long it matters
 */
export async function tellingCaches<T>(
  oauth2: OAuth2Services,
  { done, advice }: DatabasePart,
  change: (oauth2: OAuth2Services) => Promise<T>,
): Promise<T> {
  try {
    return await change(oauth2);
  } catch (error) {
    if (!(error instanceof TemporarilyUnavailableError)) throw error;
    // Which of the two is unavailable? Repeated without Redis: the change may be repeated, and the result is then
    // certain.
    const { openServices } = await import('../services.js');
    const databaseOnly = openServices({ database: oauth2.knex, logger: silentLogger });
    try {
      await change(databaseOnly);
    } finally {
      await databaseOnly.close();
    }
    const what = `--redis (or REDIS_URL): ${done}, but Redis could not be notified; caches may keep it for up to maxAgeSeconds (default 30 s)`;
    throw unavailable(advice === undefined ? what : `${what}; ${advice}`, error.cause ?? error);
  }
}
