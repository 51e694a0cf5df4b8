import { setTimeout as wakeAfter } from 'node:timers/promises';
import { errorCode } from '../database-errors.js';
import { DatabaseLockedError } from './deadline-errors.js';
import type { DialectQuery } from './knex-client.js';

/** A connection of better-sqlite3. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  pragma(source: string, options?: { readonly simple: true }): unknown;
  exec(source: string): unknown;
}

const LONGEST_PAUSE_MILLISECONDS = 20;

/** The busy timeout of each connection as it was configured, in milliseconds. */
const patience = new WeakMap<SqliteConnection, number>();

/**
 * Runs `work` so that its synchronous part does not wait for locks. SQLite would block inside the call, and this
 * process could do nothing else meanwhile.
 */
export function withoutBlocking<T>(connection: SqliteConnection, work: () => T): T {
  let milliseconds = patience.get(connection);
  if (milliseconds === undefined) {
    milliseconds = Number(connection.pragma('busy_timeout', { simple: true }));
    patience.set(connection, milliseconds);
  }
  if (milliseconds === 0) return work();
  connection.pragma('busy_timeout = 0');
  try {
    return work();
  } finally {
    connection.pragma(`busy_timeout = ${milliseconds}`);
  }
}

/**
 * Whether another connection holds the lock and waiting helps. Waiting does not help if a transaction has read data
 * that was changed since (`SQLITE_BUSY_SNAPSHOT`): it has to begin again.
 */
export function isLocked(error: unknown): boolean {
  const code = errorCode(error);
  return code.startsWith('SQLITE_BUSY') && code !== 'SQLITE_BUSY_SNAPSHOT';
}

/** How to wait for a lock. */
export interface LockWait {
  /** Until this time of `performance.now()`. */
  readonly until: number;
  /** Whether the work may run now; the default: always. */
  readonly mayRun?: () => boolean;
  /** Sleeps between two tries; the default does nothing else. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Repeats work that finds the database locked by another process until it succeeds or the time is over, and lets the
 * rest of this process run between two attempts.
 */
export async function whenUnlocked<T>(
  connection: SqliteConnection,
  wait: LockWait,
  work: () => T | Promise<T>,
): Promise<T> {
  const { until, mayRun = () => true, sleep = wakeAfter } = wait;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)) {
    try {
      if (mayRun()) return await withoutBlocking(connection, work);
      if (performance.now() >= until) throw new DatabaseLockedError();
    } catch (error) {
      if (!isLocked(error) || performance.now() >= until) throw error;
    }
    await sleep(pause);
  }
}

/**
 * Runs a statement of knex. A transaction takes the lock at its start: if it has to wait for it, it has not read
 * anything yet, and reads on the same connection meanwhile see nothing of it.
 */
export async function runOnSqlite<T>(
  connection: SqliteConnection,
  query: DialectQuery,
  { isTransaction, until, sleep }: LockWait & { readonly isTransaction: boolean },
  run: () => Promise<T>,
): Promise<T> {
  const begins = query.sql === 'BEGIN;' || query.sql === 'BEGIN IMMEDIATE;';
  if (begins) query.sql = 'BEGIN IMMEDIATE;';
  // Settings are executed unchanged: the busy timeout is one of them.
  if (/^\s*PRAGMA\b/i.test(query.sql)) return run().finally(() => patience.delete(connection));
  // A statement must not run inside another caller's transaction.
  const mayRun = isTransaction && !begins ? undefined : () => !connection.inTransaction;
  try {
    return await whenUnlocked(connection, { until, sleep, ...(mayRun === undefined ? {} : { mayRun }) }, run);
  } catch (error) {
    // knex returns the connection after a failed COMMIT as if no transaction were open on it.
    if (query.sql === 'COMMIT;' && connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
