import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { errorCode } from '../database-errors.js';
import { noteBegin, noteEnd, noteProgress, type UnfinishedMigration } from './bookkeeping.js';
import { isMissingRight, missingRight } from './missing-right.js';
import type { Statements } from './packaged-migration.js';

/** Codes by which MySQL reports that a statement's result exists already, or that what it drops does not exist. */
const DONE_CODES = new Set([
  'ER_TABLE_EXISTS_ERROR',
  'ER_DUP_FIELDNAME',
  'ER_DUP_KEYNAME',
  'ER_FK_DUP_NAME',
  'ER_DUP_CONSTRAINT_NAME',
  'ER_CANT_DROP_FIELD_OR_KEY',
]);

/**
 * Runs a migration, and records each statement. The records before the first statement and after each allow an
 * interrupted migration to continue: on MySQL every statement commits, and only the statement after the last recorded
 * one is in doubt.
 */
export async function runMigration(knex: Knex, migration: UnfinishedMigration, { sql }: Statements): Promise<void> {
  await noteBegin(knex, migration);
  await runFrom(knex, migration, sql, false);
}

/**
 * Finishes an interrupted migration.
 *
 * @throws ConfigurationError if its statements are not those of this version and these tables
 */
export async function resumeMigration(knex: Knex, migration: UnfinishedMigration, all: Statements): Promise<void> {
  if (migration.digest !== all.digest) {
    throw new ConfigurationError(
      `The migration ${migration.name} was interrupted (${migration.direction}, ${migration.statementsDone} statements done) under another version of this package or with other table names, so it cannot continue here. Run rc-oauth2 migrate, or migrate(), once more in the way in which it was started.`,
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
  // MariaDB reports an existing foreign key as a table that cannot be created, with the code of InnoDB.
  return DONE_CODES.has(errorCode(error)) || /errno: 121\b/.test(String((error as Error).message));
}
