import type { NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/**
 * The table of the database's identity: one row, see `database-identity.ts`. Its name is fixed, as that of the
 * migrations is: it belongs to the database, not to a model.
 */
export const IDENTITY_TABLE = 'oauth2_database_identity';

/** What tells one database from another where they share a Redis. */
export function databaseIdentity(): SchemaChange {
  return { tables: [[IDENTITY_TABLE, identityColumns]] };
}

function identityColumns(columns: NewTable): void {
  columns.table.string('identity', 22).notNullable();
  // 32 bytes, as a digest has.
  columns.digest('mac_key').notNullable();
  columns.milliseconds('created_at_ms').notNullable();
}
