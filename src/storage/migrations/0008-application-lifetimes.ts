import type { TableNames } from '../tables.js';
import type { NewColumns } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** Lifetimes of single applications, and the previous secret during an overlap. */
export function applicationLifetimes(tables: TableNames): SchemaChange {
  const additions: NewColumns = [
    [
      tables.applications,
      [
        'access_token_lifetime_seconds',
        'refresh_token_lifetime_seconds',
        'refresh_token_idle_seconds',
        'id_token_lifetime_seconds',
        'previous_client_secret_hash',
        'previous_client_secret_imported',
        'previous_secret_expires_at_ms',
      ],
      (columns) => {
        columns.table.integer('access_token_lifetime_seconds');
        columns.table.integer('refresh_token_lifetime_seconds');
        columns.table.integer('refresh_token_idle_seconds');
        columns.table.integer('id_token_lifetime_seconds');
        columns.digest('previous_client_secret_hash');
        columns.table.text('previous_client_secret_imported');
        columns.milliseconds('previous_secret_expires_at_ms');
      },
    ],
  ];
  return { columns: additions };
}
