import type { Database } from './database.js';
import { boundsOf } from './deadlines/index.js';
import { DriverTokenReader, type RowsStatement } from './readers/driver-reader.js';
import { QueryBuilderReader } from './readers/query-builder-reader.js';
import { SqliteTokenReader } from './readers/sqlite-reader.js';
import type { ConnectionSource, PooledConnection } from './statements/connection-source.js';
import { Mysql2Driver } from './statements/mysql2-driver.js';
import { PgDriver } from './statements/pg-driver.js';
import { PooledStatement, type StatementDriver } from './statements/pooled-statement.js';
import type { PreparationOptions } from './statements/preparation.js';
import type { TableNames } from './tables.js';
import { type AccessTokenRow, rowStatement } from './token-row.js';

/** Reads access tokens on the hot path: one prepared, indexed statement for those that are asked for at once, no model. */
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

/** The options of the reader. */
export interface TokenReaderOptions extends PreparationOptions {
  /**
   * After how many milliseconds without an answer the database counts as unavailable; the default is the database's
   * deadline.
   */
  readonly timeoutMilliseconds?: number;
  /**
   * Called with the database server's time, in milliseconds since the Unix epoch, which each row includes. SQLite uses
   * the clock of this machine and reports none.
   */
  readonly heedServerTime?: (nowMilliseconds: number) => void;
}

/** For how many tokens there is a statement. A few, as each is prepared on every connection. */
const TOKENS_AT_ONCE = [1, 4, 16];

/**
 * Creates the reader for a database, on connections of its knex pool. A broken connection is replaced, and the read is
 * repeated on another one.
 */
export function createTokenReader(
  database: Database,
  tables: TableNames,
  options: TokenReaderOptions = {},
): TokenReader {
  const { source: knex, statements, deadlineMilliseconds } = boundsOf(database);
  const source = knex.client as ConnectionSource;
  const { heedServerTime } = options;
  const timeoutMilliseconds = options.timeoutMilliseconds ?? deadlineMilliseconds;
  const statementOptions = { ...options, timeoutMilliseconds, repeatable: true };
  const statementsOf = <Connection extends PooledConnection>(
    dialect: 'mysql' | 'postgres',
    driverOf: (sql: string) => StatementDriver<Connection>,
  ): RowsStatement<Connection>[] =>
    TOKENS_AT_ONCE.map((tokens) => {
      const driver = driverOf(rowStatement(tables, dialect, tokens));
      return { tokens, statement: new PooledStatement(source, driver, statementOptions) };
    });
  switch (source.driverName) {
    case 'better-sqlite3':
      return new SqliteTokenReader(source, tables, timeoutMilliseconds);
    case 'mysql2':
      return new DriverTokenReader(
        statementsOf('mysql', (sql) => new Mysql2Driver(sql)),
        heedServerTime,
      );
    case 'pg':
      return new DriverTokenReader(
        statementsOf('postgres', (sql) => new PgDriver(sql)),
        heedServerTime,
      );
    default:
      return new QueryBuilderReader(statements, tables, timeoutMilliseconds);
  }
}
