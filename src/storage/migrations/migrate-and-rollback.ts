import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { dialectOf } from '../database.js';
import { isContention, orUnavailable } from '../database-errors.js';
import { hasDatabaseIdentity, storeDatabaseIdentity } from '../database-identity.js';
import { withoutDeadline } from '../deadlines/index.js';
import { completeTableNames, type TableNames } from '../tables.js';
import {
  type AppliedMigration,
  type Bookkeeping,
  createBookkeeping,
  MIGRATIONS_TABLE,
  readBookkeeping,
  type UnfinishedMigration,
} from './bookkeeping.js';
import { endMigrationLockHolder, migrationLockHolder, withMigrationLock } from './lock.js';
import { isMissingRight, missingRight } from './missing-right.js';
import { type Direction, type Statements, statementsOf } from './packaged-migration.js';
import { resumeMigration, runMigration } from './run-statements.js';
import { changeOf, MIGRATIONS } from './source.js';
import { assertCompatible, statusOf } from './status.js';

/** The options of `migrate` and `rollback`. */
export interface MigrateOptions {
  /** The names of the tables, if the host's models have their own: `tableNamesOf(models)`. */
  readonly tables?: Partial<TableNames>;
  /** How long to wait while another process migrates, in milliseconds; the default is a minute. */
  readonly waitMilliseconds?: number;
}

const DEFAULT_WAIT_MILLISECONDS = 60_000;

/**
 * Applies the pending migrations. Several processes may do so at the same time: one does the work, the others wait. An
 * interrupted migration is finished first. If there is nothing to do, nothing is written, so a user with read-only
 * access can call it.
 *
 * @param database a knex instance
 * @param options the names of the tables, where models have their own, and the wait for other processes in milliseconds
 * @returns the names of the migrations that this call applied or finished
 * @throws ConfigurationError if a newer version has changed the database in an incompatible way, if a table of the same
 *   name exists, if the database user lacks a privilege, or if the lock of another process is not released in time
 * @throws TemporarilyUnavailableError if the database cannot answer
 *
 * @example
 * ```ts
 * import createKnex from 'knex';
 * import { migrate } from 'routing-controllers-oauth2/storage';
 *
 * const knex = createKnex({ client: 'better-sqlite3', connection: { filename: 'shop.sqlite' }, useNullAsDefault: true });
 * console.log(await migrate(knex, { tables: { accessTokens: 'shop_tokens' } }));
 * await knex.destroy();
 * ```
 */
export async function migrate(database: Knex, options: MigrateOptions = {}): Promise<string[]> {
  const knex = withoutDeadline(database);
  const tables = completeTableNames(options.tables);
  if (await orUnavailable(() => isUpToDate(knex))) return [];
  return underLock(knex, options, async (connection) => {
    const { applied, resumed } = await settled(connection, tables);
    const names = resumed?.direction === 'up' ? [resumed.name] : [];
    const batch = resumed?.batch ?? lastBatch(applied) + 1;
    for (const { name, oldestCompatibleVersion } of MIGRATIONS) {
      if (applied.some((migration) => migration.name === name)) continue;
      await assertNothingInTheWay(connection, name, tables);
      await run(connection, { name, batch, oldestCompatibleVersion }, 'up', tables);
      names.push(name);
    }
    await storeDatabaseIdentity(connection, tables);
    return names;
  });
}

/**
 * Undoes the last batch of migrations; the content of their tables is lost. See `rollbackLosses`.
 *
 * @param database a knex instance
 * @param options as of `migrate`
 * @returns the names of the migrations that were undone
 * @throws ConfigurationError, TemporarilyUnavailableError as `migrate` does
 *
 * @example
 * ```ts
 * import type { Knex } from 'knex';
 * import { rollback, rollbackLosses } from 'routing-controllers-oauth2/storage';
 *
 * // Undoes the migrations that were applied last, if nothing is lost by it.
 * export async function rollbackIfEmpty(knex: Knex): Promise<string[]> {
 *   const { tables } = await rollbackLosses(knex);
 *   return tables.every(({ rows }) => rows === 0) ? rollback(knex) : [];
 * }
 * ```
 */
export function rollback(database: Knex, options: MigrateOptions = {}): Promise<string[]> {
  const knex = withoutDeadline(database);
  const tables = completeTableNames(options.tables);
  return underLock(knex, options, async (connection) => {
    const { applied, resumed } = await settled(connection, tables);
    const interrupted = resumed?.direction === 'down' ? resumed : undefined;
    const names = interrupted === undefined ? [] : [interrupted.name];
    // An interrupted rollback ends with its own batch.
    for (const migration of batchOf(applied, interrupted?.batch ?? lastBatch(applied))) {
      await run(connection, migration, 'down', tables);
      names.push(migration.name);
    }
    return names;
  });
}

/**
 * Ends the database connection of a frozen process that holds the migration lock. This is not necessary for a process
 * that has died: its lock ended with its connection. Not possible with SQLite, where the process itself must be ended.
 *
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function releaseMigrationLock(knex: Knex): Promise<void> {
  return orUnavailable(() => endMigrationLockHolder(knex));
}

/** The migrations that a rollback undoes, the last one first. */
export function batchOf(applied: readonly AppliedMigration[], batch: number): AppliedMigration[] {
  return applied.filter((migration) => migration.batch === batch).reverse();
}

export function lastBatch(applied: readonly AppliedMigration[]): number {
  return Math.max(0, ...applied.map(({ batch }) => batch));
}

async function isUpToDate(knex: Knex): Promise<boolean> {
  const status = statusOf(await readBookkeeping(knex));
  assertCompatible(status);
  return status.pending.length === 0 && (await hasDatabaseIdentity(knex));
}

/** The recorded state, after any interrupted migration has been finished. */
async function settled(
  connection: Knex.Transaction,
  tables: TableNames,
): Promise<{ readonly applied: readonly AppliedMigration[]; readonly resumed: UnfinishedMigration | undefined }> {
  await createBookkeeping(connection);
  const found: Bookkeeping = await readBookkeeping(connection);
  assertCompatible(statusOf(found));
  const { unfinished } = found;
  if (unfinished === undefined) return { applied: found.applied, resumed: undefined };
  await resumeMigration(
    connection,
    unfinished,
    statementsIn(connection, unfinished.name, unfinished.direction, tables),
  );
  return { applied: (await readBookkeeping(connection)).applied, resumed: unfinished };
}

async function run(
  connection: Knex.Transaction,
  migration: AppliedMigration,
  direction: Direction,
  tables: TableNames,
): Promise<void> {
  const statements = statementsIn(connection, migration.name, direction, tables);
  const begun = { ...migration, direction, statementsDone: 0, digest: statements.digest };
  await runMigration(connection, begun, statements);
}

function statementsIn(knex: Knex, name: string, direction: Direction, tables: TableNames): Statements {
  return statementsOf(knex, changeOf(name, tables), direction);
}

async function assertNothingInTheWay(knex: Knex, migration: string, tables: TableNames): Promise<void> {
  for (const [name] of changeOf(migration, tables).tables ?? []) {
    if (!(await knex.schema.hasTable(name))) continue;
    throw new ConfigurationError(
      `The table "${name}" exists already, but no migration on record has created it. If it belongs to another application, give the model another tableName; if an early version of this package left it incomplete, drop it.`,
    );
  }
}

async function underLock(
  knex: Knex,
  options: MigrateOptions,
  work: (connection: Knex.Transaction) => Promise<string[]>,
): Promise<string[]> {
  const wait = options.waitMilliseconds ?? DEFAULT_WAIT_MILLISECONDS;
  const deadline = performance.now() + wait;
  for (;;) {
    const names = await orUnavailable(() => withoutBlocking(knex, () => attempt(knex, work)));
    if (names !== undefined) return names;
    if (performance.now() >= deadline) throw await stillLocked(knex, wait);
    await sleep(50 + Math.random() * 100);
  }
}

async function stillLocked(knex: Knex, waitMilliseconds: number): Promise<ConfigurationError> {
  const holder = await orUnavailable(() => migrationLockHolder(knex));
  const who = holder === undefined ? 'Another process' : `Connection ${holder} of the database server`;
  return new ConfigurationError(
    `${who} has held the migration lock for ${Math.round(waitMilliseconds / 1000)} seconds: it migrates, or its process is frozen. Wait longer, end that process, or end its connection with releaseMigrationLock().`,
  );
}

/**
 * SQLite waits for another writer inside the call and so blocks the whole process; a writer in the same process could
 * then never finish. During migrations, a busy database is therefore an immediate error, and the attempt is repeated
 * later.
 */
async function withoutBlocking<T>(knex: Knex, work: () => Promise<T>): Promise<T> {
  if (dialectOf(knex) !== 'sqlite') return work();
  const [row] = await knex.raw<{ timeout: number }[]>('PRAGMA busy_timeout');
  await knex.raw('PRAGMA busy_timeout = 0');
  try {
    return await work();
  } finally {
    await knex.raw(`PRAGMA busy_timeout = ${row?.timeout ?? 0}`);
  }
}

/** One attempt; `undefined` if another process holds the lock. */
async function attempt(
  knex: Knex,
  work: (connection: Knex.Transaction) => Promise<string[]>,
): Promise<string[] | undefined> {
  try {
    return await withMigrationLock(knex, work);
  } catch (error) {
    if (isContention(error)) return undefined;
    // For the bookkeeping's own statements: knex prepends the statement to the driver's message.
    if (isMissingRight(error)) throw missingRight(error, statementIn(error));
    throw error;
  }
}

function statementIn(error: unknown): string {
  const { message } = error as Error;
  const end = message.lastIndexOf(' - ');
  return end > 0 ? message.slice(0, end) : MIGRATIONS_TABLE;
}
