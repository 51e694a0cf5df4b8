import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { dialectOf } from '../database.js';
import { isContention, orUnavailable } from '../database-errors.js';
import { completeTableNames, type TableNames } from '../tables.js';
import { createBookkeeping, isMigrationLockHeld } from './bookkeeping.js';
import { MIGRATIONS_TABLE, PackagedMigrations } from './source.js';
import { assertKnown, migrationStatus } from './status.js';

/** What `migrate` and `rollback` may be told. */
export interface MigrateOptions {
  /** The tables' names, where the host's models have their own: `tableNamesOf(models)`. */
  readonly tables?: Partial<TableNames>;
  /** How long to wait while another process migrates, in milliseconds; the default is a minute. */
  readonly waitMilliseconds?: number;
}

const DEFAULT_WAIT_MILLISECONDS = 60_000;

/**
 * Applies the pending migrations. Several processes may do so at the same time: one does the work, the others wait.
 *
 * @returns the names of the migrations that this call applied
 * @throws ConfigurationError if a newer version has changed the database, if a table is in the way, or if the lock of
 *   another process is not released in time
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function migrate(knex: Knex, options: MigrateOptions = {}): Promise<string[]> {
  return underLock(knex, options, (config) => knex.migrate.latest(config));
}

/**
 * Undoes the migrations that were applied last, together; what their tables hold is lost.
 *
 * @returns the names of the migrations that were undone
 * @throws ConfigurationError, TemporarilyUnavailableError as `migrate` does
 */
export function rollback(knex: Knex, options: MigrateOptions = {}): Promise<string[]> {
  return underLock(knex, options, (config) => knex.migrate.rollback(config));
}

/**
 * Releases the lock that a process left behind which died while it migrated. PostgreSQL and SQLite do this by
 * themselves. Only right when no process is migrating.
 */
export function releaseMigrationLock(knex: Knex): Promise<void> {
  return orUnavailable(async () => {
    await knex.migrate.forceFreeMigrationsLock({ tableName: MIGRATIONS_TABLE });
  });
}

type Step = (config: Knex.MigratorConfig) => Promise<[batch: number, names: string[]]>;

async function underLock(knex: Knex, options: MigrateOptions, step: Step): Promise<string[]> {
  const config: Knex.MigratorConfig = {
    migrationSource: new PackagedMigrations(completeTableNames(options.tables)),
    tableName: MIGRATIONS_TABLE,
    // Said here, because knex would else take these from the host's own migration settings.
    disableTransactions: false,
    disableMigrationsListValidation: false,
  };
  const wait = options.waitMilliseconds ?? DEFAULT_WAIT_MILLISECONDS;
  const deadline = performance.now() + wait;
  for (;;) {
    const names = await orUnavailable(() => withoutBlocking(knex, () => attempt(knex, config, step)));
    if (names !== undefined) return names;
    if (performance.now() >= deadline) {
      throw new ConfigurationError(
        `Another process has held the migration lock for ${Math.round(wait / 1000)} seconds. If none is migrating, one died at it: release the lock with releaseMigrationLock(), then migrate again.`,
      );
    }
    await sleep(50 + Math.random() * 100);
  }
}

/**
 * SQLite waits for another writer inside the call, and so blocks the whole process; if the writer is in the same
 * process it could then never finish. While migrating, a busy database is an error at once, and tried again later.
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

/** One try; `undefined` if another process was in the way. */
async function attempt(knex: Knex, config: Knex.MigratorConfig, step: Step): Promise<string[] | undefined> {
  try {
    await createBookkeeping(knex);
    assertKnown(await migrationStatus(knex));
    // knex warns on the console when it meets a lock, so it is only asked when there seems to be none.
    if (await isMigrationLockHeld(knex)) return undefined;
    const [, names] = await step(config);
    return names;
  } catch (error) {
    if (isContention(error) || (error as { readonly name?: unknown }).name === 'MigrationLocked') return undefined;
    throw error;
  }
}
