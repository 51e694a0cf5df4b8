import { TemporarilyUnavailableError } from '../core/errors.js';
import { choiceOption, knownOptions } from '../core/options/index.js';
import { checkHostConnection, isRefusal, startUpError } from '../storage/index.js';
import type { Parts } from './index.js';

/** The options of `oauth2.ready()`. */
export interface ReadyOptions {
  /**
   * What follows if the database or Redis does not answer. `continue`: one log line says so, and the process starts;
   * requests that need it are answered with 503 until it is back, and `/health/ready` answers 503. `reject`: `ready()`
   * rejects. Default `continue`, so that a restart during an outage does not make it longer.
   */
  readonly whenAway?: 'continue' | 'reject' | undefined;
}

const WHEN_AWAY = ['continue', 'reject'] as const;

/** What `oauth2.ready()` does: see there. */
export async function becomeReady(parts: Parts, given: ReadyOptions = {}): Promise<void> {
  const { whenAway = 'continue' } = knownOptions<ReadyOptions>('ready', given, ['whenAway']);
  choiceOption('ready.whenAway', whenAway, WHEN_AWAY);
  const [database] = await Promise.all([databaseOutage(parts), connected(parts)]);
  if (database !== undefined && (whenAway === 'reject' || isRefusal(database.details.cause))) {
    throw startUpError(database);
  }
  if (whenAway === 'reject') requireRedis(parts);
}

/**
 * Checks what is in the database: its tables, the keys of the authorization server, the user store of the host.
 *
 * @returns the outage, if the database cannot answer
 * @throws ConfigurationError if something else is wrong
 */
async function databaseOutage(parts: Parts): Promise<TemporarilyUnavailableError | undefined> {
  const { storage, authorizationServer, users } = parts;
  try {
    await checkHostConnection(storage.database);
    await storage.schema.assertGood();
    if (storage.isNeeded) await storage.opaqueTokens.ready();
    await authorizationServer?.signingKeys.load();
    await users?.ready?.();
    return undefined;
  } catch (error) {
    if (error instanceof TemporarilyUnavailableError) return error;
    throw error;
  }
}

/** Shared parts connect once the identity of the database is known. */
async function connected({ storage, verification, constraints, throttling }: Parts): Promise<void> {
  await storage.identity?.settled();
  await Promise.all([
    throttling.throttle.ready(),
    verification.cache.ready(),
    verification.verifiers.ready(),
    constraints.ready(),
  ]);
}

/** @throws TemporarilyUnavailableError if there is a Redis that this process is not connected to */
function requireRedis({ verification }: Parts): void {
  const level = verification.cache.sharedLevel?.();
  if (level === undefined || level.isUp) return;
  const text = `Redis cannot be reached (${level.reason}): start it, or correct the option redis.`;
  throw new TemporarilyUnavailableError({ part: 'redis', detail: text }, text);
}
