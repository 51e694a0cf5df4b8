import { setTimeout as sleep } from 'node:timers/promises';
import { OAuth2Error, TemporarilyUnavailableError } from '../core/errors.js';
import { isAway, kindOfError, readError } from './driver-errors/index.js';
import { isNotMigrated, notMigrated } from './not-migrated.js';

/** The code of a driver's error, or an empty string. */
export function errorCode(error: unknown): string {
  return readError(error)?.code ?? '';
}

/**
 * Whether a driver's error means that the connection is lost or cannot be opened; a statement may not have been
 * executed.
 */
export function isConnectionError(error: unknown): boolean {
  return kindOfError(error) === 'connection' || readError(error)?.fatal === true;
}

/**
 * Whether a driver's error means a conflict with another writer: the transaction was rolled back and may be repeated.
 */
export function isContention(error: unknown): boolean {
  return kindOfError(error) === 'contention';
}

/** Codes by which databases report a missing table. */
const NO_TABLE_CODES = new Set(['ER_NO_SUCH_TABLE', '42P01']);

/** Whether an error means that the table is not there. */
export function isNoTable(error: unknown): boolean {
  return NO_TABLE_CODES.has(errorCode(error)) || /no such table/.test(String((error as Error).message));
}

/** Whether a driver's error means that a row with the same unique value exists. */
export function isDuplicate(error: unknown): boolean {
  return kindOfError(error) === 'duplicate';
}

/** Whether a driver's error means that a row refers to another one that does not exist. */
export function isMissingReference(error: unknown): boolean {
  return kindOfError(error) === 'missing-reference';
}

/** Whether a driver's error means that the database is unavailable, so that a later attempt makes sense. */
export function isOutage(error: unknown): boolean {
  return isAway(kindOfError(error));
}

/**
 * An error of the database in the form in which the storage throws it: an outage, and a missing table or column, is a
 * 503. Other errors are returned unchanged.
 */
export function storageError(error: unknown): unknown {
  if (error instanceof OAuth2Error) return error;
  if (isNotMigrated(error)) return notMigrated(readError(error)?.message ?? '');
  return isOutage(error) ? unavailable(error) : error;
}

/** The 503 for a database that cannot answer now; keeps the cause for the log. */
export function unavailable(cause: unknown): TemporarilyUnavailableError {
  const read = readError(cause);
  // An AggregateError (several addresses were tried) has no message, but a code.
  const reason = read?.message || read?.code || String(cause);
  return new TemporarilyUnavailableError({ cause, part: 'database', detail: `The database cannot answer: ${reason}` });
}

/** Runs a statement or transaction; an outage becomes a `TemporarilyUnavailableError`. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** The same for statements on tables of the host, whose absence is a fault in the host's code. */
export async function orAway<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isOutage(error) ? unavailable(error) : error;
  }
}

/** How often work is attempted if it conflicts with other writers. */
const ATTEMPTS = 8;

/** After this many milliseconds no new attempt begins, because each may itself have waited for a lock. */
const LAST_ATTEMPT_AFTER_MILLISECONDS = 1_500;

/**
 * Runs a statement or a whole transaction, and repeats it after a short random pause if it conflicts with another
 * writer (deadlock, lock time-out, SQLite's single writer). Only for work that the database rolls back as a whole.
 *
 * @throws TemporarilyUnavailableError if the database is unavailable, or if the conflicts persist
 */
export async function retryContention<T>(work: () => Promise<T>): Promise<T> {
  const lastBegin = performance.now() + LAST_ATTEMPT_AFTER_MILLISECONDS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isContention(error) || attempt === ATTEMPTS || performance.now() > lastBegin) throw storageError(error);
      await sleep(Math.random() * 2 ** attempt * 5);
    }
  }
}
