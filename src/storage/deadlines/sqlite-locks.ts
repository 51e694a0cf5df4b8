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

/** How long each connection waits for a lock inside a call, in milliseconds, as it was found. */
const patience = new WeakMap<SqliteConnection, number>();

/**
 * Runs `work`, whose part without a promise does not wait for locks. SQLite would wait inside the call, and nothing else
 * of this process would run meanwhile.
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
 * Whether another connection holds the lock, and waiting helps. It does not where a transaction has read what was
 * changed since (`SQLITE_BUSY_SNAPSHOT`): that one has to begin anew.
 */
export function isLocked(error: unknown): boolean {
  const code = errorCode(error);
  return code.startsWith('SQLITE_BUSY') && code !== 'SQLITE_BUSY_SNAPSHOT';
}

/** How a lock is waited for. */
export interface LockWait {
  /** Until this time of `performance.now()`. */
  readonly until: number;
  /** Whether the work may run now; the default: always. */
  readonly mayRun?: () => boolean;
  /** Sleeps between two tries; the default does nothing else. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/**
 * Runs work that meets the lock of another process again until it succeeds or the time is over, and lets everything
 * else of this process run between two tries.
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
 * Runs a statement of knex. A transaction takes the lock at its beginning: who has to wait for it then waits without
 * having read anything, and meanwhile reads on the same connection see no half of it.
 */
export async function runOnSqlite<T>(
  connection: SqliteConnection,
  query: DialectQuery,
  { isTransaction, until, sleep }: LockWait & { readonly isTransaction: boolean },
  run: () => Promise<T>,
): Promise<T> {
  const begins = query.sql === 'BEGIN;' || query.sql === 'BEGIN IMMEDIATE;';
  if (begins) query.sql = 'BEGIN IMMEDIATE;';
  // Settings are asked and made as they are: among them is how long SQLite itself waits.
  if (/^\s*PRAGMA\b/i.test(query.sql)) return run().finally(() => patience.delete(connection));
  // Another one's transaction is not ours to run in.
  const mayRun = isTransaction && !begins ? undefined : () => !connection.inTransaction;
  try {
    return await whenUnlocked(connection, { until, sleep, ...(mayRun === undefined ? {} : { mayRun }) }, run);
  } catch (error) {
    // knex gives the connection back after a COMMIT that failed, as if nothing were open on it.
    if (query.sql === 'COMMIT;' && connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
