import { storageError, unavailable } from '../database-errors.js';
import type { ConnectionSource } from '../statements/connection-source.js';
import type { TableNames } from '../tables.js';
import { type AccessTokenRow, accessTokenRow, type RowValues, rowStatement } from '../token-row.js';

interface SqliteStatement {
  get(tokenHash: Buffer): RowValues | undefined;
}

interface SqliteConnection {
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare(sql: string): { raw(on: true): SqliteStatement };
}

/**
 * better-sqlite3 answers at once, so a read needs no promise: it runs on the pool's connection while no one else can be
 * using it. Only while a transaction is open there does it wait for the pool, because it would see what may yet be
 * undone.
 */
export class SqliteTokenReader {
  private readonly sql: string;
  private connection: SqliteConnection | undefined;
  private statement: SqliteStatement | undefined;

  constructor(
    private readonly source: ConnectionSource,
    tables: TableNames,
  ) {
    this.sql = rowStatement(tables, '`', '?');
  }

  read(tokenHash: Buffer): AccessTokenRow | undefined | Promise<AccessTokenRow | undefined> {
    const { connection } = this;
    if (connection?.open && !connection.inTransaction) return this.readOn(connection, tokenHash);
    return this.readInTurn(tokenHash);
  }

  private async readInTurn(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    let connection: SqliteConnection;
    try {
      connection = (await this.source.acquireConnection()) as SqliteConnection;
    } catch (error) {
      throw unavailable(error);
    }
    try {
      return this.readOn(connection, tokenHash);
    } finally {
      void this.source.releaseConnection(connection);
    }
  }

  private readOn(connection: SqliteConnection, tokenHash: Buffer): AccessTokenRow | undefined {
    try {
      const values = this.statementOn(connection).get(tokenHash);
      return values === undefined ? undefined : accessTokenRow(values);
    } catch (error) {
      throw storageError(error);
    }
  }

  private statementOn(connection: SqliteConnection): SqliteStatement {
    if (this.statement === undefined || this.connection !== connection) {
      this.statement = connection.prepare(this.sql).raw(true);
      this.connection = connection;
    }
    return this.statement;
  }
}
