import type { TableNames } from '../tables.js';
import type { NewColumns } from './columns.js';
import type { SchemaChange } from './packaged-migration.js';

/** Who registered an application, what staff has approved for it, and what it was granted without asking its users. */
export function registrars(tables: TableNames): SchemaChange {
  const additions: NewColumns = [
    [
      tables.applications,
      ['registered_by', 'approved_scope', 'approved_grant_types', 'trust_cleared_at_ms'],
      (columns) => {
        columns.table.string('registered_by', 16);
        columns.table.text('approved_scope');
        columns.table.text('approved_grant_types');
        columns.milliseconds('trust_cleared_at_ms');
      },
    ],
    [
      tables.consents,
      ['unasked_scope'],
      (columns) => {
        columns.table.text('unasked_scope');
      },
    ],
  ];
  return { columns: additions };
}
