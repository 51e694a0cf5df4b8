import type { TableNames } from '../tables.js';
import { type RowValues, rowStatement } from '../token-row.js';
import type { PooledConnection } from './connection-source.js';
import type { TokenDriver } from './driver-reader.js';

interface Mysql2Connection extends PooledConnection {
  execute(
    options: { sql: string; values: unknown[]; rowsAsArray: true },
    callback: (error: unknown, rows?: RowValues[]) => void,
  ): unknown;
  readonly stream: { destroy(): void };
}

/** mysql2: `execute` prepares the statement once per connection. */
export class Mysql2Driver implements TokenDriver<Mysql2Connection> {
  private readonly sql: string;

  constructor(tables: TableNames) {
    this.sql = rowStatement(tables, '`', '?');
  }

  run(connection: Mysql2Connection, tokenHash: Buffer, done: (error: unknown, values?: RowValues) => void): void {
    connection.execute({ sql: this.sql, values: [tokenHash], rowsAsArray: true }, (error, rows) =>
      done(error, rows?.[0]),
    );
  }

  cut(connection: Mysql2Connection): void {
    // Its own `destroy` would still say goodbye to a server that may never listen.
    connection.stream.destroy();
  }
}
