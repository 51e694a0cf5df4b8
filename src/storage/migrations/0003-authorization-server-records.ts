import type { TableNames } from '../tables.js';
import type { NewColumns, NewTable } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** Sessions, grants and the like, and columns that oidc-provider needs in the earlier tables. */
export function authorizationServerRecords(tables: TableNames): SchemaChange {
  const additions: NewColumns = [
    [
      tables.applications,
      ['client_secret_imported', 'jwks', 'jwks_uri', 'post_logout_redirect_uris', 'may_introspect'],
      (columns) => {
        columns.table.text('client_secret_imported');
        columns.longText('jwks');
        columns.table.text('jwks_uri');
        columns.table.text('post_logout_redirect_uris');
        columns.table.boolean('may_introspect').notNullable().defaultTo(false);
      },
    ],
    [
      tables.refreshTokens,
      ['successor_salt'],
      (columns) => {
        columns.table.string('successor_salt', 43);
      },
    ],
    [
      tables.deviceCodes,
      ['claimed_at_ms', 'decided_at_ms'],
      (columns) => {
        columns.milliseconds('claimed_at_ms');
        columns.milliseconds('decided_at_ms');
      },
    ],
    [
      tables.signingKeys,
      ['algorithm', 'generation', 'signs_from_ms', 'expires_at_ms'],
      (columns) => {
        columns.table.string('algorithm', 16).notNullable().defaultTo('');
        columns.table.integer('generation').notNullable().defaultTo(0);
        columns.milliseconds('signs_from_ms').notNullable().defaultTo(0);
        columns.milliseconds('expires_at_ms');
      },
    ],
  ];
  return {
    tables: [[tables.serverRecords, (columns) => recordColumns(columns, tables)]],
    columns: additions,
    indexes: [{ table: tables.signingKeys, unique: [['algorithm', 'generation']], plain: [['expires_at_ms']] }],
  };
}

function recordColumns(columns: NewTable, tables: TableNames): void {
  const { table } = columns;
  table.string('kind', 32).notNullable();
  columns.digest('record_hash').notNullable();
  table.unique(['kind', 'record_hash']);
  columns.digest('uid_hash');
  table.index(['uid_hash']);
  columns.reference('application_id', tables.applications, 'CASCADE');
  table.string('user_id');
  table.index(['user_id']);
  table.string('family_id', 22);
  table.index(['family_id']);
  columns.milliseconds('expires_at_ms');
  table.index(['expires_at_ms']);
  columns.milliseconds('created_at_ms').notNullable();
  columns.milliseconds('updated_at_ms').notNullable();
  columns.milliseconds('consumed_at_ms');
  columns.milliseconds('revoked_at_ms');
  columns.longText('payload');
}
