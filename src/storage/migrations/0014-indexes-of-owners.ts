import type { TableNames } from '../tables.js';
import type { SchemaChange } from './packaged-migration.js';

const OWNERS = [['user_id'], ['application_id']] as const;

/**
 * The newest tokens of a user or an application, read from the index one page at a time. On MySQL and SQLite an index
 * contains the primary key already. PostgreSQL would read and sort all tokens of the owner, or search the whole table from
 * its end.
 */
export function indexesOfOwners(tables: TableNames): SchemaChange {
  const ordered = OWNERS.map(([column]) => [column, 'id']);
  return {
    indexes: [tables.accessTokens, tables.refreshTokens].map((table) => ({
      table,
      dialects: ['postgres'],
      unique: [],
      plain: ordered,
      replaced: OWNERS,
    })),
  };
}
