import { storageError } from '../database-errors.js';
import type { PooledConnection } from '../statements/connection-source.js';
import type { PooledStatement } from '../statements/pooled-statement.js';
import { type AccessTokenRow, accessTokenRow } from '../token-row.js';

/** Reads on pooled connections of a driver that answers later. */
export class DriverTokenReader<Connection extends PooledConnection> {
  constructor(private readonly statement: PooledStatement<Connection>) {}

  async read(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    try {
      const { rows } = await this.statement.run([tokenHash]);
      const [values] = rows;
      return values === undefined ? undefined : accessTokenRow(values);
    } catch (error) {
      throw storageError(error);
    }
  }
}
