import type { Knex } from 'knex';
import { dialectOf } from '../database.js';

/** The advisory lock of the migrations on PostgreSQL: two numbers, "oaut" and 1. */
const POSTGRES_LOCK = '1868657012, 1';

/** The same on MySQL, where lock names are global to the server and have at most 64 characters. */
const MYSQL_LOCK = "concat('oauth2_migrations:', sha1(database()))";

/**
 * After this many silent seconds the server ends a migrating connection: its process may be frozen, or its machine may
 * have lost power, which the server would notice only after hours. While a migration runs, its connection is never
 * silent for that long.
 */
const SILENCE_SECONDS = 60;

/**
 * Runs `work` on one connection that holds the lock of the migrations, or returns `undefined` if another one holds it.
 *
 * The lock belongs to the connection, and `work` uses no other. So a process that dies leaves no lock behind, and if
 * the connection is cut, the server releases the lock only after the statement in progress has ended.
 *
 * On PostgreSQL and SQLite `work` is one transaction. On MySQL each statement that changes the schema commits.
 */
export function withMigrationLock<T>(
  knex: Knex,
  work: (connection: Knex.Transaction) => Promise<T>,
): Promise<T | undefined> {
  return knex.transaction((connection) => LOCKED[dialectOf(knex)](connection, () => work(connection)));
}

type Locked = <T>(connection: Knex.Transaction, work: () => Promise<T>) => Promise<T | undefined>;

const LOCKED: Readonly<Record<ReturnType<typeof dialectOf>, Locked>> = {
  /** The first write takes SQLite's write lock; the bookkeeping begins with one. */
  sqlite: (_connection, work) => work(),

  async postgres(connection, work) {
    if ((await value(connection, `pg_try_advisory_xact_lock(${POSTGRES_LOCK})`)) !== true) return undefined;
    await connection.raw(`set local idle_in_transaction_session_timeout = '${SILENCE_SECONDS}s'`);
    return work();
  },

  async mysql(connection, work) {
    if (Number(await value(connection, `get_lock(${MYSQL_LOCK}, 0)`)) !== 1) return undefined;
    const timeout = Number(await value(connection, '@@session.wait_timeout'));
    try {
      await connection.raw(`set session wait_timeout = ${SILENCE_SECONDS}`);
      return await work();
    } finally {
      // Fails only if the connection, and the lock with it, is lost.
      await connection
        .raw(`set session wait_timeout = ${timeout}`)
        .then(() => value(connection, `release_lock(${MYSQL_LOCK})`))
        .catch(() => undefined);
    }
  },
};

/** The server's number of the connection that holds the lock; `undefined` if none does, or if it has no number. */
export async function migrationLockHolder(knex: Knex): Promise<number | undefined> {
  const dialect = dialectOf(knex);
  if (dialect === 'sqlite') return undefined;
  const [classid, objid] = POSTGRES_LOCK.split(', ');
  const holder = await value(
    knex,
    dialect === 'mysql'
      ? `is_used_lock(${MYSQL_LOCK})`
      : `(select min(pid) from pg_locks where locktype = 'advisory' and granted and classid = ${classid} and objid = ${objid}
          and database = (select oid from pg_database where datname = current_database()))`,
  );
  return holder === null || holder === undefined ? undefined : Number(holder);
}

/**
 * Ends the connection that holds the lock, if there is one. Its user must be the same, or the caller an administrator.
 */
export async function endMigrationLockHolder(knex: Knex): Promise<void> {
  const holder = await migrationLockHolder(knex);
  if (holder === undefined) return;
  if (dialectOf(knex) === 'mysql') await knex.raw(`kill ${holder}`);
  else await value(knex, `pg_terminate_backend(${holder})`);
}

async function value(knex: Knex, expression: string): Promise<unknown> {
  const row = (await knex.select(knex.raw(`${expression} as answer`)).first()) as { readonly answer: unknown };
  return row.answer;
}
