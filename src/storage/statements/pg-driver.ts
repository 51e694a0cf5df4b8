import { sha256Key } from '../../core/digest.js';
import { kindOfError } from '../driver-errors/index.js';
import type { PooledConnection } from './connection-source.js';
import type { StatementCallback, StatementDriver, StatementResult } from './pooled-statement.js';

interface PgQuery {
  /** A named query is prepared once per connection; one without a name only for this time. */
  readonly name?: string;
  readonly text: string;
  readonly values?: unknown[];
  readonly rowMode: 'array';
}

interface PgResult {
  readonly rows: StatementResult['rows'];
  readonly rowCount: number | null;
}

interface PgConnection extends PooledConnection {
  query(query: PgQuery, callback: (error: unknown, result?: PgResult) => void): void;
  readonly connection?: { readonly stream?: { destroy(): void } };
}

/** pg: a named query is prepared once per connection. */
export class PgDriver implements StatementDriver<PgConnection> {
  private readonly stem: string;
  private generation = 1;
  private name: string;

  /** @param text with `$1` and so on in place of values */
  constructor(private readonly text: string) {
    // pg refuses one name for two statements, and a pool may serve several tables.
    this.stem = `oauth2_token_${sha256Key(this.text).slice(0, 16)}`;
    this.name = this.stem;
  }

  run(connection: PgConnection, values: unknown[], done: StatementCallback): void {
    const { name } = this;
    connection.query({ name, text: this.text, values, rowMode: 'array' }, (error, result) => {
      if (error && kindOfError(error) === 'statement') this.discard(name);
      answer(done, error, result);
    });
  }

  runUnprepared(connection: PgConnection, values: unknown[], done: StatementCallback): void {
    connection.query({ text: this.text, values, rowMode: 'array' }, (error, result) => answer(done, error, result));
  }

  cut(connection: PgConnection): void {
    connection.connection?.stream?.destroy();
  }

  /**
   * Abandons a name. pg would never prepare it again on a connection where it was prepared once, and on the others the
   * statement is most likely stale too; under the next name all of them prepare it again. The old statement ends with
   * its connection.
   */
  private discard(name: string): void {
    if (this.name !== name) return;
    this.generation += 1;
    this.name = `${this.stem}_${this.generation}`;
  }
}

function answer(done: StatementCallback, error: unknown, result: PgResult | undefined): void {
  done(error, result && { rows: result.rows, affectedRows: result.rowCount ?? 0 });
}
