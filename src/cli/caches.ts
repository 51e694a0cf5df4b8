import { Option } from 'commander';
import { TemporarilyUnavailableError } from '../core/errors.js';
import type { OAuth2Services } from '../services.js';
import type { KeptSharedCacheNote, SharedCacheNote } from '../storage/index.js';
import { closeInTime } from './answer-deadline.js';
import type { CliContext, CommandServices } from './cli-context.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';
import { unavailable } from './failures.js';
import { shortText } from './option-values.js';

/** Running servers renew their note every 10 minutes; this includes clocks that differ. */
const RUNNING_MILLISECONDS = 15 * 60_000;

/** The option of the commands that invalidate caches. */
export function keyPrefixOption(): Option {
  return new Option(
    '--key-prefix <prefix>',
    'prefix of the Redis keys, if the servers set `keyPrefix` (default: as they say in the database)',
  ).argParser(shortText);
}

/** The message if the change is in the database but could not be sent to the caches. */
export interface DatabasePart {
  /** What has been done in the database. */
  readonly done: string;
  /** What to do about the caches, if anything can be done. */
  readonly advice?: string;
}

/**
 * Makes a change in the database and then in the caches that the servers share in Redis.
 *
 * @throws CliError if the database was changed but caches were not told, saying so and for how long it matters: Redis
 *   could not be reached, or was not given although the servers have noted in the database that they share it, or is another
 *   one than theirs
 */
export async function tellingCaches<T>(
  { output }: CliContext,
  oauth2: CommandServices,
  part: DatabasePart,
  change: (oauth2: OAuth2Services) => Promise<T>,
): Promise<T> {
  const notes = await notesIn(oauth2);
  const { redis, leavesCachesOut } = oauth2;
  if (redis === undefined) {
    const result = await change(oauth2);
    const [note] = notes;
    if (note === undefined) return result;
    if (!leavesCachesOut) throw untold(part, note, 'give --redis (or REDIS_URL), or --config');
    output.note(`The caches that the servers share in Redis were not told: ${inUseFor(note)}.`);
    return result;
  }
  const keyPrefix = oauth2.options.keyPrefix ?? notes[0]?.keyPrefix;
  const ofServers = notes.find((note) => note.keyPrefix === keyPrefix);
  const shared = { redis, ...(keyPrefix !== undefined && { keyPrefix }) };
  const { result, listeners } = await toldThrough(oauth2, shared, part, change);
  if (listeners === 0 && ofServers !== undefined && isRunning(ofServers)) {
    const fix = 'give the Redis of the servers, since nobody listens in this one (if none of them runs, all is done)';
    throw untold(part, ofServers, fix);
  }
  const other = notes.find((note) => note.keyPrefix !== keyPrefix);
  if (other !== undefined) throw untold(part, other, `give --key-prefix ${JSON.stringify(other.keyPrefix)}`);
  return result;
}

async function notesIn({ models }: OAuth2Services): Promise<KeptSharedCacheNote[]> {
  const { SharedCacheNotes } = await import('../storage/index.js');
  return new SharedCacheNotes(models).list();
}

async function toldThrough<T>(
  oauth2: CommandServices,
  shared: { readonly redis: CommandServices['redis']; readonly keyPrefix?: string },
  { done, advice }: DatabasePart,
  change: (oauth2: OAuth2Services) => Promise<T>,
): Promise<{ readonly result: T; readonly listeners: number | undefined }> {
  const { openServices } = await import('../services.js');
  const sharing = openServices({ ...oauth2.options, ...shared, database: oauth2.knex });
  try {
    const result = await change(sharing);
    return { result, listeners: await sharing.listeners() };
  } catch (error) {
    if (!(error instanceof TemporarilyUnavailableError)) throw error;
    // Which of the two is unavailable? Repeated without Redis: the change may be repeated, and the result is then
    // certain.
    await change(oauth2);
    const what = `--redis (or REDIS_URL): ${done}, but Redis could not be notified; caches may keep it for up to maxAgeSeconds (default 30 s)`;
    throw unavailable(advice === undefined ? what : `${what}; ${advice}`, error.cause ?? error);
  } finally {
    await closeInTime(sharing.close());
  }
}

function isRunning({ renewedAtMilliseconds }: KeptSharedCacheNote): boolean {
  return Date.now() - renewedAtMilliseconds < RUNNING_MILLISECONDS;
}

function untold({ done, advice }: DatabasePart, note: SharedCacheNote, fix: string): CliError {
  const remedy = advice === undefined ? `next time ${fix}` : `${fix}, and run the command again`;
  return new CliError(
    EXIT_CODES.unavailable,
    'caches_not_told',
    `${done}, but the caches that the servers share in Redis (key prefix ${JSON.stringify(note.keyPrefix)}) were not told: ${inUseFor(note)}; ${remedy}. --no-redis accepts that.`,
  );
}

function inUseFor({ maxAgeSeconds }: SharedCacheNote): string {
  return `they may use what they hold for up to ${maxAgeSeconds} s`;
}
