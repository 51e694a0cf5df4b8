import type { TableNames } from '../tables.js';
import type { SchemaChange } from './packaged-migration.js';

/** The visible details of a browser session, and the index for the sessions of a user. */
export function sessions(tables: TableNames): SchemaChange {
  const { serverRecords } = tables;
  return {
    columns: [
      [
        serverRecords,
        ['begun_at_ms', 'browser', 'address'],
        (columns) => {
          columns.milliseconds('begun_at_ms');
          columns.table.string('browser', 64);
          columns.table.string('address', 64);
        },
      ],
    ],
    indexes: [{ table: serverRecords, unique: [], plain: [['user_id', 'kind']] }],
  };
}
