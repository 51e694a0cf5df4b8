import { Option } from 'commander';
import { TemporarilyUnavailableError } from '../core/errors.js';
import { silentLogger } from '../core/logger.js';
import type { OAuth2 } from '../oauth2.js';
import { unavailable } from './failures.js';
import { shortText } from './option-values.js';

/** The option of the commands that tell caches something. */
export function keyPrefixOption(): Option {
  return new Option('--key-prefix <prefix>', 'prefix of the Redis keys, if the servers set `keyPrefix`').argParser(
    shortText,
  );
}

/** What is said if only the caches could not be told. */
export interface DatabasePart {
  /** What is true once the database has the change. */
  readonly done: string;
  /** What to do about the caches, if anything can be done. */
  readonly advice?: string;
}

/**
 * Runs a change that goes to the database and then to the caches.
 *
 * @throws CliError if the database has it but Redis could not be told, saying so and for how long it matters
 */
export async function tellingCaches<T>(
  oauth2: OAuth2,
  { done, advice }: DatabasePart,
  change: (oauth2: OAuth2) => Promise<T>,
): Promise<T> {
  try {
    return await change(oauth2);
  } catch (error) {
    if (!(error instanceof TemporarilyUnavailableError)) throw error;
    // Which of the two is away? Once more without Redis: the change may be repeated, and what it says is then certain.
    const { createOAuth2 } = await import('../oauth2.js');
    const databaseOnly = createOAuth2({ database: oauth2.knex, logger: silentLogger });
    try {
      await change(databaseOnly);
    } finally {
      await databaseOnly.close();
    }
    const what = `--redis (or REDIS_URL): ${done}, but Redis could not be told; caches may hold it up to their maxAgeSeconds (default 30 s)`;
    throw unavailable(advice === undefined ? what : `${what}; ${advice}`, error.cause ?? error);
  }
}
