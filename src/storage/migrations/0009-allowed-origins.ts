import type { TableNames } from '../tables.js';
import type { SchemaChange } from './packaged-migration.js';

/** The origins whose pages may read responses to an application, besides those of its redirect URIs. */
export function allowedOrigins(tables: TableNames): SchemaChange {
  return {
    columns: [
      [
        tables.applications,
        ['allowed_origins'],
        ({ table }) => {
          table.text('allowed_origins');
        },
      ],
    ],
  };
}
