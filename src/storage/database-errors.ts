import { setTimeout as sleep } from 'node:timers/promises';
import { OAuth2Error, TemporarilyUnavailableError } from '../core/errors.js';

/** Codes by which drivers and the operating system say that there is no usable connection. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT', // a Unix socket that is not there
  'PROTOCOL_CONNECTION_LOST',
  'PROTOCOL_SEQUENCE_TIMEOUT',
  'PROTOCOL_PACKETS_OUT_OF_ORDER',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  'ER_CONNECTION_KILLED',
  'ER_ABORTING_CONNECTION',
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
]);

/** Messages of errors that carry no code. */
const CONNECTION_MESSAGES =
  /^(Connection terminated|Connection lost|Client has encountered a connection error|Client was closed|Can't add new command|The database connection is not open|Unable to acquire a connection|aborted$|timeout expired|Connection ended unexpectedly)/;

/** Codes by which databases say that someone else was in the way and that a new try makes sense. */
const CONTENTION_CODES = new Set([
  'ER_LOCK_DEADLOCK',
  'ER_LOCK_WAIT_TIMEOUT',
  'ER_CHECKREAD', // MariaDB: the row was changed since the snapshot of this transaction
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available
]);

interface DriverError {
  readonly name: string;
  readonly message: string;
  readonly code: string;
  readonly fatal: boolean;
}

/**
 * Reads an error by its properties, not its class: it may come from another realm (worker, vm, test runner). Objection
 * wraps some of the drivers' errors and keeps the code on `nativeError` only.
 */
function driverError(error: unknown): DriverError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { nativeError } = error as { readonly nativeError?: unknown };
  if (nativeError !== undefined && nativeError !== error) return driverError(nativeError);
  const { name, message, code, fatal } = error as { readonly [Property in keyof DriverError]?: unknown };
  return { name: textOf(name), message: textOf(message), code: textOf(code), fatal: fatal === true };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The code of a driver's error, or an empty string. */
export function errorCode(error: unknown): string {
  return driverError(error)?.code ?? '';
}

/** Whether a driver's error means that the connection is gone or cannot be had; a statement may not have run at all. */
export function isConnectionError(error: unknown): boolean {
  const read = driverError(error);
  if (read === undefined) return false;
  const { name, message, code, fatal } = read;
  return (
    fatal ||
    CONNECTION_CODES.has(code) ||
    // PostgreSQL: connection exceptions, refused credentials, a database that is not there.
    /^(08|28)[0-9A-Z]{3}$/.test(code) ||
    code === '3D000' ||
    code.startsWith('SQLITE_IOERR') ||
    code.startsWith('SQLITE_CANTOPEN') ||
    name === 'KnexTimeoutError' ||
    name === 'TimeoutError' ||
    CONNECTION_MESSAGES.test(message)
  );
}

/** Whether a driver's error means that another writer was in the way: the transaction was undone and may be run again. */
export function isContention(error: unknown): boolean {
  const code = errorCode(error);
  return CONTENTION_CODES.has(code) || code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

/** Whether a driver's error means that a row with the same unique value is there. */
export function isDuplicate(error: unknown): boolean {
  const code = errorCode(error);
  return (
    code === 'ER_DUP_ENTRY' ||
    code === '23505' ||
    code === 'SQLITE_CONSTRAINT_UNIQUE' ||
    code === 'SQLITE_CONSTRAINT_PRIMARYKEY'
  );
}

/** Whether a driver's error means that a row refers to another one that is not there. */
export function isMissingReference(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ER_NO_REFERENCED_ROW_2' || code === '23503' || code === 'SQLITE_CONSTRAINT_FOREIGNKEY';
}

/** An error of the database, as callers of the storage meet it. Errors that are no outage come back as they are. */
export function storageError(error: unknown): unknown {
  if (error instanceof OAuth2Error) return error;
  if (!isConnectionError(error) && !isContention(error)) return error;
  return unavailable(error);
}

/** The 503 for a database that cannot answer now; keeps the cause for the log. */
export function unavailable(cause: unknown): TemporarilyUnavailableError {
  const read = driverError(cause);
  // An AggregateError (several addresses tried) has no message of its own, but a code.
  const reason = read?.message || read?.code || String(cause);
  return new TemporarilyUnavailableError({ cause, detail: `The database cannot answer: ${reason}` });
}

/** Runs a statement or transaction; an outage becomes a `TemporarilyUnavailableError`. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(error);
  }
}

/** How often work is tried that meets other writers. */
const ATTEMPTS = 8;

/** After this many milliseconds no new try begins: each may itself have waited for a lock. */
const LAST_ATTEMPT_AFTER_MILLISECONDS = 1_500;

/**
 * Runs a statement or a whole transaction, again if another writer was in the way (deadlock, lock time-out, SQLite's
 * one writer), after a short random pause. Only for work that the database undoes as a whole.
 *
 * @throws TemporarilyUnavailableError if the database is away, or if others stay in the way
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
