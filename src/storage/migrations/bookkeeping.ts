import type { Knex } from 'knex';
import type { Direction } from './packaged-migration.js';

/** The table of applied migrations, with the columns of knex's own migrations and one more. */
export const MIGRATIONS_TABLE = 'oauth2_migrations';

/** The table with the progress of a migration: one row while one runs, or after one was interrupted. */
const UNFINISHED_TABLE = 'oauth2_migrations_unfinished';

const COMPATIBLE = 'oldest_compatible_version';

/** An applied migration, of this version or another. */
export interface AppliedMigration {
  readonly name: string;
  /** Migrations that were applied by one call have the same number, and are rolled back together. */
  readonly batch: number;
  /** The oldest schema version that works with the migrated database; `undefined` if that was not recorded. */
  readonly oldestCompatibleVersion: number | undefined;
}

/** A migration that was started and is not complete. */
export interface UnfinishedMigration extends AppliedMigration {
  readonly direction: Direction;
  /** How many of its statements are known to be done. The next one may be done as well. */
  readonly statementsDone: number;
  /** Digest of all its statements. */
  readonly digest: string;
}

/** The recorded state of a database. */
export interface Bookkeeping {
  /** In the order in which they were applied. */
  readonly applied: readonly AppliedMigration[];
  readonly unfinished: UnfinishedMigration | undefined;
}

/** Reads the records; changes nothing. */
export async function readBookkeeping(knex: Knex): Promise<Bookkeeping> {
  return { applied: await readApplied(knex), unfinished: await readUnfinished(knex) };
}

/** Creates the tables of the bookkeeping, or completes them, statement by statement, so that it may be interrupted. */
export async function createBookkeeping(knex: Knex): Promise<void> {
  if (!(await knex.schema.hasTable(MIGRATIONS_TABLE))) {
    await knex.schema.createTable(MIGRATIONS_TABLE, (table) => {
      table.increments();
      table.string('name');
      table.integer('batch');
      table.timestamp('migration_time');
      table.integer(COMPATIBLE);
    });
  } else if (!(await knex.schema.hasColumn(MIGRATIONS_TABLE, COMPATIBLE))) {
    await knex.schema.alterTable(MIGRATIONS_TABLE, (table) => {
      table.integer(COMPATIBLE);
    });
  }
  if (!(await knex.schema.hasTable(UNFINISHED_TABLE))) {
    await knex.schema.createTable(UNFINISHED_TABLE, (table) => {
      table.increments();
      table.string('name').notNullable();
      table.integer('batch').notNullable();
      table.integer(COMPATIBLE);
      table.string('direction', 4).notNullable();
      table.integer('statements_done').notNullable();
      table.string('statements_digest', 64).notNullable();
    });
  }
}

/** Records that a migration begins. */
export async function noteBegin(knex: Knex, migration: UnfinishedMigration): Promise<void> {
  await knex(UNFINISHED_TABLE).insert({
    name: migration.name,
    batch: migration.batch,
    [COMPATIBLE]: migration.oldestCompatibleVersion ?? null,
    direction: migration.direction,
    statements_done: migration.statementsDone,
    statements_digest: migration.digest,
  });
}

/** Records how many statements are done. */
export async function noteProgress(knex: Knex, { name }: UnfinishedMigration, statementsDone: number): Promise<void> {
  await knex(UNFINISHED_TABLE).where({ name }).update({ statements_done: statementsDone });
}

/**
 * Records that a migration is complete. The order of the statements allows for an interruption: repeating it does no
 * harm.
 */
export async function noteEnd(knex: Knex, migration: UnfinishedMigration): Promise<void> {
  const { name, direction, batch, oldestCompatibleVersion } = migration;
  await knex(MIGRATIONS_TABLE).where({ name }).delete();
  if (direction === 'up') {
    const row = { name, batch, migration_time: new Date(), [COMPATIBLE]: oldestCompatibleVersion ?? null };
    await knex(MIGRATIONS_TABLE).insert(row);
  }
  await knex(UNFINISHED_TABLE).where({ name }).delete();
}

async function readApplied(knex: Knex): Promise<AppliedMigration[]> {
  if (!(await knex.schema.hasTable(MIGRATIONS_TABLE))) return [];
  // All columns: an early version created the table without the last one, and reading a table's columns fails on MySQL
  // while another process changes it, whereas reading its rows waits. The host's knex may rename columns of results.
  const rows: AnyRow[] = await knex(MIGRATIONS_TABLE).orderBy('id');
  return rows.map(({ name, batch, ...more }) =>
    appliedOf({ name, batch, oldest: more.oldest_compatible_version ?? more.oldestCompatibleVersion }),
  );
}

async function readUnfinished(knex: Knex): Promise<UnfinishedMigration | undefined> {
  if (!(await knex.schema.hasTable(UNFINISHED_TABLE))) return undefined;
  const row: UnfinishedRow | undefined = await knex(UNFINISHED_TABLE)
    .orderBy('id')
    .select({
      ...{ name: 'name', batch: 'batch', oldest: COMPATIBLE, direction: 'direction' },
      ...{ done: 'statements_done', digest: 'statements_digest' },
    })
    .first();
  if (row === undefined) return undefined;
  return { ...appliedOf(row), direction: row.direction, statementsDone: Number(row.done), digest: row.digest };
}

interface Row {
  readonly name: string;
  readonly batch: number;
  readonly oldest?: number | null;
}

interface AnyRow extends Row {
  readonly oldest_compatible_version?: number | null;
  readonly oldestCompatibleVersion?: number | null;
}

interface UnfinishedRow extends Row {
  readonly direction: Direction;
  readonly done: number;
  readonly digest: string;
}

function appliedOf({ name, batch, oldest }: Row): AppliedMigration {
  return { name, batch: Number(batch), oldestCompatibleVersion: oldest ?? undefined };
}
