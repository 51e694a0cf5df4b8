import { sha256Key } from '../../core/digest.js';
import type { TableNames } from '../tables.js';
import { type RowValues, rowStatement } from '../token-row.js';
import type { PooledConnection } from './connection-source.js';
import type { TokenDriver } from './driver-reader.js';

interface PgConnection extends PooledConnection {
  query(
    query: { name: string; text: string; values: unknown[]; rowMode: 'array' },
    callback: (error: unknown, result?: { readonly rows: RowValues[] }) => void,
  ): void;
  readonly connection?: { readonly stream?: { destroy(): void } };
}

/** pg: a named query is prepared once per connection. */
export class PgDriver implements TokenDriver<PgConnection> {
  private readonly text: string;
  private readonly name: string;

  constructor(tables: TableNames) {
    this.text = rowStatement(tables, '"', '$1');
    // pg refuses one name for two statements, and a pool may serve readers of different tables.
    this.name = `oauth2_token_${sha256Key(this.text).slice(0, 16)}`;
  }

  run(connection: PgConnection, tokenHash: Buffer, done: (error: unknown, values?: RowValues) => void): void {
    connection.query({ name: this.name, text: this.text, values: [tokenHash], rowMode: 'array' }, (error, result) =>
      done(error, result?.rows[0]),
    );
  }

  cut(connection: PgConnection): void {
    connection.connection?.stream?.destroy();
  }
}
