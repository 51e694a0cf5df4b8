import type { NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/**
 * The table for the identity of the database: one row, see `database-identity.ts`. Like the name of the migrations
 * table, its name is fixed: it belongs to the database, not to a model.
 */
export const IDENTITY_TABLE = 'oauth2_database_identity';

/** Distinguishes databases that share a Redis. */
export function databaseIdentity(): SchemaChange {
  return { tables: [[IDENTITY_TABLE, identityColumns]] };
}

function identityColumns(columns: NewTable): void {
  columns.table.string('identity', 22).notNullable();
  // 32 bytes, like a digest.
  columns.digest('mac_key').notNullable();
  columns.milliseconds('created_at_ms').notNullable();
}
