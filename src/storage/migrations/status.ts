import type { Knex } from 'knex';
import { ConfigurationError } from '../../core/errors.js';
import { orUnavailable } from '../database-errors.js';
import { HOW_TO_MIGRATE } from '../not-migrated.js';
import { completeTableNames, type TableNames } from '../tables.js';
import { IDENTITY_TABLE } from './0004-database-identity.js';
import { type AppliedMigration, type Bookkeeping, readBookkeeping } from './bookkeeping.js';
import { MIGRATION_NAMES, SCHEMA_VERSION } from './source.js';

/** The migration status of a database. */
export interface MigrationStatus {
  /** Names of applied migrations, in the order in which they were applied, including those of newer versions. */
  readonly applied: string[];
  /** Names of migrations that are still to be applied, in their order. */
  readonly pending: string[];
  /** Names of newer versions' migrations, applied or in progress, with which this version is not compatible. */
  readonly incompatible: string[];
  /** The name of a migration that is in progress or was interrupted; the next `migrate` finishes it. */
  readonly unfinished: string | null;
}

/**
 * The migration status of a database. Changes nothing.
 *
 * @param knex a knex instance
 * @returns the names of applied and pending migrations
 * @throws TemporarilyUnavailableError if the database cannot answer
 *
 * @example
 * ```ts
 * import type { Knex } from 'knex';
 * import { migrationStatus } from 'routing-controllers-oauth2/storage';
 *
 * export async function isUpToDate(knex: Knex): Promise<boolean> {
 *   const { pending, unfinished } = await migrationStatus(knex);
 *   return pending.length === 0 && unfinished === null;
 * }
 * ```
 */
export function migrationStatus(knex: Knex): Promise<MigrationStatus> {
  return orUnavailable(async () => statusOf(await readBookkeeping(knex)));
}

/**
 * Makes sure that this version works with the database: its migrations are applied, and migrations of newer versions,
 * if any, are recorded as compatible. So a process of the old version may restart during a rolling deployment.
 *
 * @param options.tables the names of the tables, if the host's models have their own
 * @param knex a knex instance
 * @throws ConfigurationError if migrations are pending, if a newer version's migration is not compatible, or if a table
 *   is missing
 * @throws TemporarilyUnavailableError if the database cannot answer
 *
 * @example
 * ```ts
 * import type { Knex } from 'knex';
 * import { assertMigrated } from 'routing-controllers-oauth2/storage';
 *
 * // Ends the process before it listens, rather than answering every request with 500.
 * export async function check(knex: Knex): Promise<void> {
 *   await assertMigrated(knex, { tables: { accessTokens: 'shop_tokens' } });
 * }
 * ```
 */
export async function assertMigrated(
  knex: Knex,
  options: { readonly tables?: Partial<TableNames> } = {},
): Promise<void> {
  const tables = completeTableNames(options.tables);
  const status = await migrationStatus(knex);
  assertCompatible(status);
  if (status.pending.length > 0) throw pendingMigrations(status);
  const missing = await firstMissing(knex, [...Object.values(tables), IDENTITY_TABLE]);
  if (missing !== undefined) throw missingTable(missing);
}

/**
 * Why the requests of this version cannot work with the database; `undefined` if they can. Unlike `assertMigrated` it
 * takes the word of a database whose user may read the tables of the guards and no others.
 *
 * @param needed the names of the tables that requests need
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export async function schemaProblem(knex: Knex, needed: readonly string[]): Promise<ConfigurationError | undefined> {
  const status = await migrationStatus(knex);
  if (status.incompatible.length > 0) return incompatibleMigrations(status);
  const missing = await firstMissing(knex, needed);
  const mayBeHidden = status.applied.length === 0 && status.unfinished === null;
  if (status.pending.length > 0 && !(mayBeHidden && missing === undefined)) return pendingMigrations(status);
  return missing === undefined ? undefined : missingTable(missing);
}

async function firstMissing(knex: Knex, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    if (!(await orUnavailable(() => knex.schema.hasTable(name)))) return name;
  }
  return undefined;
}

function pendingMigrations({ applied, pending }: MigrationStatus): ConfigurationError {
  const which = applied.length === 0 ? 'it has no tables of this package' : `${pending.join(', ')} pending`;
  return new ConfigurationError(`The database is not migrated: ${which}. ${HOW_TO_MIGRATE}`);
}

function missingTable(name: string): ConfigurationError {
  return new ConfigurationError(
    `The table "${name}" is missing although all migrations are applied. Was it dropped, or was a model's tableName changed after migrating? Rename the old table; run rc-oauth2 migrate only on an empty database.`,
  );
}

/** @throws ConfigurationError if a newer version has changed the database in an incompatible way */
export function assertCompatible(status: MigrationStatus): void {
  if (status.incompatible.length > 0) throw incompatibleMigrations(status);
}

function incompatibleMigrations({ incompatible }: MigrationStatus): ConfigurationError {
  return new ConfigurationError(
    `The database has migrations of a newer version that are not compatible with this one (schema version ${SCHEMA_VERSION}): ${incompatible.join(', ')}. Upgrade routing-controllers-oauth2, or use the version that applied them to roll back.`,
  );
}

/** Derives the status from the records. */
export function statusOf({ applied, unfinished }: Bookkeeping): MigrationStatus {
  const names = applied.map(({ name }) => name);
  const begun = unfinished === undefined ? [] : [unfinished];
  const incompatible = [...applied, ...begun].filter((migration) => !isCompatible(migration)).map(({ name }) => name);
  return {
    applied: names,
    // A migration that is being undone counts as applied until its end, but half of it is gone.
    pending: MIGRATION_NAMES.filter((name) => !names.includes(name) || name === unfinished?.name),
    incompatible: [...new Set(incompatible)],
    unfinished: unfinished?.name ?? null,
  };
}

function isCompatible({ name, oldestCompatibleVersion }: AppliedMigration): boolean {
  if (MIGRATION_NAMES.includes(name)) return true;
  return oldestCompatibleVersion !== undefined && oldestCompatibleVersion <= SCHEMA_VERSION;
}
