import { kindOfError } from '../driver-errors/index.js';
import type { PooledConnection } from './connection-source.js';
import { withLiterals } from './mysql-literals.js';
import type { StatementCallback, StatementDriver, StatementResult } from './pooled-statement.js';

type Answer = StatementResult['rows'] | { readonly affectedRows: number };
type Callback = (error: unknown, answer?: Answer) => void;

interface PreparedOptions {
  readonly sql: string;
  readonly rowsAsArray: true;
  values?: unknown[];
}

interface Mysql2Connection extends PooledConnection {
  execute(options: PreparedOptions, callback: Callback): unknown;
  query(options: { readonly sql: string; readonly rowsAsArray: true }, callback: Callback): unknown;
  unprepare(options: PreparedOptions): unknown;
  readonly stream: { destroy(): void };
}

/** mysql2: `execute` prepares the statement once per connection, `query` sends text. */
export class Mysql2Driver implements StatementDriver<Mysql2Connection> {
  /** @param sql with `?` in place of values, and nowhere else */
  constructor(private readonly sql: string) {}

  run(connection: Mysql2Connection, values: unknown[], done: StatementCallback): void {
    connection.execute({ sql: this.sql, values, rowsAsArray: true }, (error, answer) => {
      if (answer !== undefined) return done(error, resultOf(answer));
      // Otherwise the driver would send the same handle again.
      if (kindOfError(error) === 'statement') connection.unprepare({ sql: this.sql, rowsAsArray: true });
      done(error);
    });
  }

  runUnprepared(connection: Mysql2Connection, values: unknown[], done: StatementCallback): void {
    connection.query({ sql: withLiterals(this.sql, values), rowsAsArray: true }, (error, answer) =>
      done(error, answer === undefined ? undefined : resultOf(answer)),
    );
  }

  cut(connection: Mysql2Connection): void {
    // The driver's `destroy` would first send a message to a server that may never read it.
    connection.stream.destroy();
  }
}

function resultOf(answer: Answer): StatementResult {
  return 'affectedRows' in answer ? { rows: [], affectedRows: answer.affectedRows } : { rows: answer, affectedRows: 0 };
}
