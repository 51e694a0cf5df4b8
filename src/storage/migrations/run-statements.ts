import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { errorCode } from '../database-errors.js';
import { noteBegin, noteEnd, noteProgress, type UnfinishedMigration } from './bookkeeping.js';
import { isMissingRight, missingRight } from './missing-right.js';
import type { Statements } from './packaged-migration.js';

/** Codes by which MySQL says that what a statement makes is there, or what it drops is not. */
const DONE_CODES = new Set([
  'ER_TABLE_EXISTS_ERROR',
  'ER_DUP_FIELDNAME',
  'ER_DUP_KEYNAME',
  'ER_FK_DUP_NAME',
  'ER_DUP_CONSTRAINT_NAME',
  'ER_CANT_DROP_FIELD_OR_KEY',
]);

/**
 * Runs a migration, and notes each statement. What is noted before the first statement and after each lets an
 * interrupted migration go on: on MySQL every statement commits by itself, and the only one of which nobody knows
 * whether it was done is the one after the last that is noted.
 */
export async function runMigration(knex: Knex, migration: UnfinishedMigration, { sql }: Statements): Promise<void> {
  await noteBegin(knex, migration);
  await runFrom(knex, migration, sql, false);
}

/**
 * Finishes a migration that was interrupted.
 *
 * @throws ConfigurationError if its statements are not those of this version and these tables
 */
export async function resumeMigration(knex: Knex, migration: UnfinishedMigration, all: Statements): Promise<void> {
  if (migration.digest !== all.digest) {
    throw new ConfigurationError(
      `The migration ${migration.name} was interrupted (${migration.direction}, ${migration.statementsDone} statements done) under another version of this package or other table names, so it cannot go on here. Run rc-oauth2 migrate, or migrate(), once more as it was begun.`,
    );
  }
  await runFrom(knex, migration, all.sql, true);
}

async function runFrom(
  knex: Knex,
  migration: UnfinishedMigration,
  sql: readonly string[],
  resumed: boolean,
): Promise<void> {
  const { statementsDone } = migration;
  for (const [index, statement] of sql.entries()) {
    if (index < statementsDone) continue;
    try {
      await knex.raw(statement);
    } catch (error) {
      if (isMissingRight(error)) throw missingRight(error, statement);
      if (!(resumed && index === statementsDone && saysDone(error))) throw error;
    }
    await noteProgress(knex, migration, index + 1);
  }
  await noteEnd(knex, migration);
}

function saysDone(error: unknown): boolean {
  // MariaDB reports a foreign key that is there as a table that cannot be created, by the code of InnoDB.
  return DONE_CODES.has(errorCode(error)) || /errno: 121\b/.test(String((error as Error).message));
}
