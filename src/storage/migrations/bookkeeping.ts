import type { Knex } from 'knex';
import { MIGRATIONS_TABLE } from './source.js';

/** The name that knex gives the table of its lock. */
const LOCK_TABLE = `${MIGRATIONS_TABLE}_lock`;

/**
 * Creates the tables in which knex notes what was applied and who is migrating.
 *
 * knex would create them itself, but two processes that do so at once can fail on each other's table, or both put a row
 * into the lock table; with two rows its lock can never be taken again. Here the row has a fixed primary key.
 */
export async function createBookkeeping(knex: Knex): Promise<void> {
  await createUnlessExists(knex, MIGRATIONS_TABLE, (table) => {
    table.increments();
    table.string('name');
    table.integer('batch');
    table.timestamp('migration_time');
  });
  await createUnlessExists(knex, LOCK_TABLE, (table) => {
    table.increments('index').primary();
    table.integer('is_locked');
  });
  const rows = await knex(LOCK_TABLE).count({ rows: '*' }).first<{ rows: number | string }>();
  if (Number(rows.rows) === 0) await knex(LOCK_TABLE).insert({ index: 1, is_locked: 0 }).onConflict('index').ignore();
}

/** Whether a process is migrating, or has died at it. */
export async function isMigrationLockHeld(knex: Knex): Promise<boolean> {
  const held = await knex(LOCK_TABLE).where('is_locked', 1).count({ rows: '*' }).first<{ rows: number | string }>();
  return Number(held.rows) > 0;
}

async function createUnlessExists(
  knex: Knex,
  name: string,
  build: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (await knex.schema.hasTable(name)) return;
  try {
    await knex.schema.createTable(name, build);
  } catch (error) {
    // Another process was faster.
    if (!(await knex.schema.hasTable(name))) throw error;
  }
}
