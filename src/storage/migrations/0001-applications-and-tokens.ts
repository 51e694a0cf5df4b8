import type { TableNames } from '../tables.js';
import type { NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** Applications, access tokens and refresh tokens: what a resource server needs. */
export function applicationsAndTokens(tables: TableNames): SchemaChange {
  return {
    tables: [
      [tables.applications, applicationColumns],
      [tables.accessTokens, (columns) => accessTokenColumns(columns, tables)],
      [tables.refreshTokens, (columns) => refreshTokenColumns(columns, tables)],
    ],
  };
}

function applicationColumns(columns: NewTable): void {
  const { table } = columns;
  table.string('client_id').notNullable();
  table.unique(['client_id']);
  columns.digest('client_secret_hash');
  table.string('name').notNullable();
  table.string('client_type', 16).notNullable();
  table.text('grant_types').notNullable();
  table.text('redirect_uris').notNullable();
  table.text('scope');
  table.string('user_id');
  table.index(['user_id']);
  table.boolean('skip_authorization').notNullable();
  columns.milliseconds('disabled_at_ms');
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('updated_at_ms').notNullable();
}

function accessTokenColumns(columns: NewTable, tables: TableNames): void {
  tokenColumns(columns, tables);
  columns.table.string('family_id', 22);
}

function refreshTokenColumns(columns: NewTable, tables: TableNames): void {
  tokenColumns(columns, tables);
  columns.table.string('family_id', 22).notNullable();
  columns.reference('access_token_id', tables.accessTokens, 'SET NULL');
  columns.milliseconds('rotated_at_ms');
  columns.milliseconds('family_expires_at_ms').notNullable();
}

function tokenColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  columns.digest('token_hash').notNullable();
  table.unique(['token_hash']);
  columns.reference('application_id', tables.applications, 'CASCADE');
  table.string('user_id');
  table.index(['user_id']);
  table.text('scope').notNullable();
  table.text('audience');
  columns.milliseconds('expires_at_ms').notNullable();
  table.index(['expires_at_ms']);
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('revoked_at_ms');
  columns.longText('payload');
  table.index(['family_id']);
}
