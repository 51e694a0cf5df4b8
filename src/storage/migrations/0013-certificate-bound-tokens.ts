import type { TableNames } from '../tables.js';
import type { SchemaChange } from './packaged-migration.js';

/** Whether the access tokens of an application are bound to its certificate (RFC 8705 §3.4). */
export function certificateBoundTokens(tables: TableNames): SchemaChange {
  return {
    columns: [
      [
        tables.applications,
        ['certificate_bound_access_tokens'],
        ({ table }) => {
          table.boolean('certificate_bound_access_tokens').notNullable().defaultTo(false);
        },
      ],
    ],
  };
}
