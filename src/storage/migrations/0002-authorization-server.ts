import type { TableNames } from '../tables.js';
import type { NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** Codes, consents and keys: what an authorization server needs besides tokens. */
export function authorizationServer(tables: TableNames): SchemaChange {
  return {
    tables: [
      [tables.authorizationCodes, (columns) => authorizationCodeColumns(columns, tables)],
      [tables.deviceCodes, (columns) => deviceCodeColumns(columns, tables)],
      [tables.consents, (columns) => consentColumns(columns, tables)],
      [tables.signingKeys, signingKeyColumns],
    ],
  };
}

function authorizationCodeColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  columns.digest('code_hash').notNullable();
  table.unique(['code_hash']);
  codeColumns(columns, tables);
  table.string('user_id').notNullable();
  table.text('redirect_uri');
  table.string('code_challenge', 128);
  table.string('family_id', 22).notNullable();
}

function deviceCodeColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  columns.digest('device_code_hash').notNullable();
  table.unique(['device_code_hash']);
  columns.digest('user_code_hash').notNullable();
  table.unique(['user_code_hash']);
  codeColumns(columns, tables);
  table.string('user_id');
  table.string('family_id', 22);
}

function consentColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  table.string('user_id').notNullable();
  columns.reference('application_id', tables.applications, 'CASCADE').notNullable();
  table.unique(['user_id', 'application_id']);
  table.text('scope').notNullable();
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('updated_at_ms').notNullable();
}

function signingKeyColumns(columns: NewTable): void {
  columns.table.string('kid').notNullable();
  columns.table.unique(['kid']);
  columns.table.binary('private_key_encrypted').notNullable();
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('retired_at_ms');
}

function codeColumns(columns: NewTable, tables: TableNames): void {
  columns.reference('application_id', tables.applications, 'CASCADE').notNullable();
  columns.table.text('scope').notNullable();
  columns.milliseconds('expires_at_ms').notNullable();
  columns.table.index(['expires_at_ms']);
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('consumed_at_ms');
  columns.longText('payload');
  columns.table.index(['family_id']);
}
