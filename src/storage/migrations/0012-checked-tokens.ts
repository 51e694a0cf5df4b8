import { IDENTITY_TABLE } from './0004-database-identity.js';
import type { SchemaChange } from './packaged-migration.js';

/**
 * Since when every token was issued with check characters: from the beginning, in a database that is created from here on.
 * It stays empty in others, which may hold tokens without.
 */
export function checkedTokens(): SchemaChange {
  return {
    columns: [
      [
        IDENTITY_TABLE,
        ['checked_since_ms'],
        (columns) => {
          columns.milliseconds('checked_since_ms');
        },
      ],
    ],
  };
}
