import { storageError } from '../database-errors.js';
import type { PooledConnection } from '../statements/connection-source.js';
import type { PooledStatement } from '../statements/pooled-statement.js';
import { type AccessTokenRow, accessTokenRow, SERVER_TIME_INDEX } from '../token-row.js';

/** Reads through pooled connections of an asynchronous driver. */
export class DriverTokenReader<Connection extends PooledConnection> {
  constructor(
    private readonly statement: PooledStatement<Connection>,
    private readonly heedServerTime?: (nowMilliseconds: number) => void,
  ) {}

  async read(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    try {
      const { rows } = await this.statement.run([tokenHash]);
      const [values] = rows;
      if (values === undefined) return undefined;
      // The value after the columns of the row; see `rowStatement`.
      this.heedServerTime?.(Number(values[SERVER_TIME_INDEX]));
      return accessTokenRow(values);
    } catch (error) {
      throw storageError(error);
    }
  }
}
