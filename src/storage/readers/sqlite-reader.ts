import { storageError, unavailable } from '../database-errors.js';
import {
  isLocked,
  type SqliteConnection as LockableConnection,
  whenUnlocked,
  withoutBlocking,
} from '../deadlines/index.js';
import type { ConnectionSource } from '../statements/connection-source.js';
import type { TableNames } from '../tables.js';
import { type AccessTokenRow, accessTokenRow, type RowValues, rowStatement } from '../token-row.js';

interface SqliteStatement {
  get(tokenHash: Buffer): RowValues | undefined;
}

interface SqliteConnection extends LockableConnection {
  readonly open: boolean;
  prepare(sql: string): { raw(on: true): SqliteStatement };
}

/**
 * better-sqlite3 is synchronous, so a read needs no promise: it runs on the pool's connection while nobody else can be
 * using it. Only if a transaction is open there does it wait for the pool, because it would see data that may be rolled
 * back; and if another process holds the lock, it waits for that.
 */
export class SqliteTokenReader {
  private readonly sql: string;
  private connection: SqliteConnection | undefined;
  private statement: SqliteStatement | undefined;
  /** Without a write-ahead log (which the host may choose), a writer locks out readers. */
  private mayBlock = false;

  constructor(
    private readonly source: ConnectionSource,
    tables: TableNames,
    private readonly timeoutMilliseconds: number,
  ) {
    this.sql = rowStatement(tables, 'sqlite');
  }

  read(tokenHash: Buffer): AccessTokenRow | undefined | Promise<AccessTokenRow | undefined> {
    const { connection } = this;
    if (!connection?.open || connection.inTransaction) return this.readInTurn(tokenHash);
    try {
      return this.readOn(connection, tokenHash);
    } catch (error) {
      if (isLocked(error)) return this.readInTurn(tokenHash);
      throw storageError(error);
    }
  }

  private async readInTurn(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    const until = performance.now() + this.timeoutMilliseconds;
    let connection: SqliteConnection;
    try {
      connection = (await this.source.acquireConnection()) as SqliteConnection;
    } catch (error) {
      throw unavailable(error);
    }
    try {
      const mayRun = () => !connection.inTransaction;
      return await whenUnlocked(connection, { until, mayRun }, () => this.readOn(connection, tokenHash));
    } catch (error) {
      throw storageError(error);
    } finally {
      void this.source.releaseConnection(connection);
    }
  }

  private readOn(connection: SqliteConnection, tokenHash: Buffer): AccessTokenRow | undefined {
    const statement = this.statementOn(connection);
    const values = this.mayBlock
      ? withoutBlocking(connection, () => statement.get(tokenHash))
      : statement.get(tokenHash);
    return values === undefined ? undefined : accessTokenRow(values);
  }

  private statementOn(connection: SqliteConnection): SqliteStatement {
    if (this.statement === undefined || this.connection !== connection) {
      const [mode] = connection.pragma('journal_mode') as { readonly journal_mode: string }[];
      this.mayBlock = mode?.journal_mode !== 'wal' && mode?.journal_mode !== 'memory';
      this.statement = connection.prepare(this.sql).raw(true);
      this.connection = connection;
    }
    return this.statement;
  }
}
