import { sha256Key } from '../../core/digest.js';
import type { PooledConnection } from './connection-source.js';
import type { StatementDriver, StatementResult } from './pooled-statement.js';

interface PgConnection extends PooledConnection {
  query(
    query: { name: string; text: string; values: unknown[]; rowMode: 'array' },
    callback: (
      error: unknown,
      result?: { readonly rows: StatementResult['rows']; readonly rowCount: number | null },
    ) => void,
  ): void;
  readonly connection?: { readonly stream?: { destroy(): void } };
}

/** pg: a named query is prepared once per connection. */
export class PgDriver implements StatementDriver<PgConnection> {
  private readonly name: string;

  /** @param text with `$1` and so on where values stand */
  constructor(private readonly text: string) {
    // pg refuses one name for two statements, and a pool may serve several tables.
    this.name = `oauth2_token_${sha256Key(this.text).slice(0, 16)}`;
  }

  run(connection: PgConnection, values: unknown[], done: (error: unknown, result?: StatementResult) => void): void {
    connection.query({ name: this.name, text: this.text, values, rowMode: 'array' }, (error, result) =>
      done(error, result && { rows: result.rows, affectedRows: result.rowCount ?? 0 }),
    );
  }

  cut(connection: PgConnection): void {
    connection.connection?.stream?.destroy();
  }
}
