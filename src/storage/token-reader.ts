import type { Database } from './database.js';
import type { ConnectionSource } from './readers/connection-source.js';
import { DriverTokenReader } from './readers/driver-reader.js';
import { Mysql2Driver } from './readers/mysql2-driver.js';
import { PgDriver } from './readers/pg-driver.js';
import { QueryBuilderReader } from './readers/query-builder-reader.js';
import { SqliteTokenReader } from './readers/sqlite-reader.js';
import type { TableNames } from './tables.js';
import type { AccessTokenRow } from './token-row.js';

/** Reads access tokens on the hot path: one prepared, indexed statement, no model. */
export interface TokenReader {
  /**
   * The token with this digest, whatever its state, or `undefined`. On SQLite the answer is there without a promise,
   * unless a transaction is open on the connection.
   *
   * @param tokenHash SHA-256 of the token, 32 bytes
   * @throws TemporarilyUnavailableError (or rejects) if the database cannot answer
   */
  read(tokenHash: Buffer): AccessTokenRow | undefined | Promise<AccessTokenRow | undefined>;
}

/** What the reader may be told. */
export interface TokenReaderOptions {
  /** After how many milliseconds without an answer the database counts as away; the default is 5000. */
  readonly timeoutMilliseconds?: number;
}

const DEFAULT_TIMEOUT_MILLISECONDS = 5_000;

/**
 * Makes the reader for a database, on connections of its knex pool. A connection that broke is replaced, and the read
 * is done once more on another one.
 */
export function createTokenReader(
  database: Database,
  tables: TableNames,
  options: TokenReaderOptions = {},
): TokenReader {
  const source = database.knex.client as ConnectionSource;
  const timeoutMilliseconds = options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS;
  switch (source.driverName) {
    case 'better-sqlite3':
      return new SqliteTokenReader(source, tables);
    case 'mysql2':
      return new DriverTokenReader(source, new Mysql2Driver(tables), timeoutMilliseconds);
    case 'pg':
      return new DriverTokenReader(source, new PgDriver(tables), timeoutMilliseconds);
    default:
      return new QueryBuilderReader(database.knex, tables, timeoutMilliseconds);
  }
}
