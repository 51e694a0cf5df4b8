import type { TableNames } from '../tables.js';
import type { SchemaChange } from './packaged-migration.js';

/** Until when what a client id metadata document says about an application is used. */
export function metadataDocuments(tables: TableNames): SchemaChange {
  return {
    columns: [
      [
        tables.applications,
        ['metadata_expires_at_ms'],
        (columns) => {
          columns.milliseconds('metadata_expires_at_ms');
        },
      ],
    ],
  };
}
