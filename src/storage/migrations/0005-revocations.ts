import type { TableNames } from '../tables.js';
import type { NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/**
 * The table of revocations that are in force although not all covered rows have been changed; see `Revocations`. Its
 * name is fixed: it belongs to no model.
 */
export const REVOCATIONS_TABLE = 'oauth2_revocations';

/** Revocations of many tokens at once. */
export function revocations(tables: TableNames): SchemaChange {
  return { tables: [[REVOCATIONS_TABLE, (columns) => revocationColumns(columns, tables)]] };
}

function revocationColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  table.string('user_id');
  columns.reference('application_id', tables.applications, 'CASCADE');
  table.bigInteger('access_through_id').notNullable();
  table.bigInteger('refresh_through_id').notNullable();
  columns.milliseconds('created_at_ms').notNullable();
}
