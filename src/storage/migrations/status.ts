import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { orUnavailable } from '../database-errors.js';
import { completeTableNames, type TableNames } from '../tables.js';
import { MIGRATION_NAMES, MIGRATIONS_TABLE } from './source.js';

/** How far a database is migrated. */
export interface MigrationStatus {
  /** Names of applied migrations, in the order in which they were applied. */
  readonly applied: string[];
  /** Names of migrations that are still to be applied, in their order. */
  readonly pending: string[];
}

/**
 * How far a database is migrated. Changes nothing.
 *
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function migrationStatus(knex: Knex): Promise<MigrationStatus> {
  return orUnavailable(async () => {
    const exists = await knex.schema.hasTable(MIGRATIONS_TABLE);
    const applied: string[] = exists ? await knex(MIGRATIONS_TABLE).orderBy('id').pluck('name') : [];
    return { applied, pending: MIGRATION_NAMES.filter((name) => !applied.includes(name)) };
  });
}

/**
 * Makes sure that the database is at this version.
 *
 * @param options.tables the tables' names, where the host's models have their own
 * @throws ConfigurationError if migrations are pending, if a newer version has applied more, or if a table is missing
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export async function assertMigrated(
  knex: Knex,
  options: { readonly tables?: Partial<TableNames> } = {},
): Promise<void> {
  const tables = completeTableNames(options.tables);
  const status = await migrationStatus(knex);
  assertKnown(status);
  if (status.pending.length > 0) {
    throw new ConfigurationError(
      `The database is not migrated: ${status.pending.join(', ')} pending. Run rc-oauth2 migrate, or call migrate() at start-up.`,
    );
  }
  for (const name of Object.values(tables)) {
    if (!(await orUnavailable(() => knex.schema.hasTable(name)))) {
      throw new ConfigurationError(
        `The table "${name}" is missing although all migrations are applied. Was it dropped, or was a model's tableName changed after migrating? Rename the old table; run rc-oauth2 migrate only on an empty database.`,
      );
    }
  }
}

/** @throws ConfigurationError if a newer version of the package has changed the database */
export function assertKnown(status: MigrationStatus): void {
  const unknown = status.applied.filter((name) => !MIGRATION_NAMES.includes(name));
  if (unknown.length === 0) return;
  throw new ConfigurationError(
    `The database has migrations that this version does not know: ${unknown.join(', ')}. Upgrade routing-controllers-oauth2, or use the version that applied them to roll back.`,
  );
}
