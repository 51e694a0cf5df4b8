import type { PooledConnection } from './connection-source.js';
import type { StatementDriver, StatementResult } from './pooled-statement.js';

type Answer = StatementResult['rows'] | { readonly affectedRows: number };

interface Mysql2Connection extends PooledConnection {
  execute(
    options: { sql: string; values: unknown[]; rowsAsArray: true },
    callback: (error: unknown, answer?: Answer) => void,
  ): unknown;
  readonly stream: { destroy(): void };
}

/** mysql2: `execute` prepares the statement once per connection. */
export class Mysql2Driver implements StatementDriver<Mysql2Connection> {
  /** @param sql with `?` where values stand */
  constructor(private readonly sql: string) {}

  run(connection: Mysql2Connection, values: unknown[], done: (error: unknown, result?: StatementResult) => void): void {
    connection.execute({ sql: this.sql, values, rowsAsArray: true }, (error, answer) =>
      done(error, answer === undefined ? undefined : resultOf(answer)),
    );
  }

  cut(connection: Mysql2Connection): void {
    // Its own `destroy` would still say goodbye to a server that may never listen.
    connection.stream.destroy();
  }
}

function resultOf(answer: Answer): StatementResult {
  return 'affectedRows' in answer ? { rows: [], affectedRows: answer.affectedRows } : { rows: answer, affectedRows: 0 };
}
