import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionError, storageError, unavailable } from '../database-errors.js';
import type { AccessTokenRow, RowValues } from '../token-row.js';
import { accessTokenRow } from '../token-row.js';
import { ConnectionBirths, type ConnectionSource, type PooledConnection } from './connection-source.js';

/** How one driver runs the statement. */
export interface TokenDriver<Connection> {
  /** Runs the prepared statement and calls back once: with an error, or with the row's values if there is a row. */
  run(connection: Connection, tokenHash: Buffer, done: (error: unknown, values?: RowValues) => void): void;
  /** Cuts the connection off at once, without asking the server. */
  cut(connection: Connection): void;
}

/** Why a read failed. */
class ReadFailure {
  constructor(
    readonly error: unknown,
    /** The connection that broke under it, if one did; an old one may have been dead for long. */
    readonly broken?: 'old' | 'fresh',
  ) {}
}

/** Reads on pooled connections of a driver that answers later. */
export class DriverTokenReader<Connection extends PooledConnection> {
  private readonly births: ConnectionBirths;

  constructor(
    private readonly source: ConnectionSource,
    private readonly driver: TokenDriver<Connection>,
    private readonly timeoutMilliseconds: number,
  ) {
    this.births = new ConnectionBirths(source);
  }

  async read(tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
    const values = await this.valuesOf(tokenHash);
    return values === undefined ? undefined : accessTokenRow(values);
  }

  /**
   * After a restart of the server every pooled connection may be dead. Each that breaks is thrown away, so asking on
   * comes to a fresh one; when a fresh one breaks as well, once more is enough.
   */
  private async valuesOf(tokenHash: Buffer): Promise<RowValues | undefined> {
    for (let retried = false; ; retried = true) {
      try {
        return await this.attempt(tokenHash);
      } catch (reason) {
        const { error, broken } = reason as ReadFailure;
        if (broken === undefined || (broken === 'fresh' && retried)) throw error;
      }
      // One turn of the event loop, so that other connections which broke at the same time are known to be broken.
      await nextTurn();
    }
  }

  /** One read within the deadline, which covers the wait for a connection as well. Rejects with a `ReadFailure`. */
  private attempt(tokenHash: Buffer): Promise<RowValues | undefined> {
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      let connection: Connection | undefined;
      let over = false;
      const timer = setTimeout(() => {
        over = true;
        const error = new Error(`The database gave no answer within ${this.timeoutMilliseconds} ms.`);
        if (connection !== undefined) this.discard(connection, error);
        reject(new ReadFailure(unavailable(error)));
      }, this.timeoutMilliseconds);

      const lent = (value: unknown): void => {
        if (over) {
          void this.source.releaseConnection(value);
          return;
        }
        connection = value as Connection;
        this.driver.run(connection, tokenHash, answered);
      };
      const refused = (error: unknown): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        // Whatever the reason (refused, full, closed, unknown database), there is no connection to ask on.
        reject(new ReadFailure(unavailable(error)));
      };
      const answered = (error: unknown, values?: RowValues): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        const used = connection as Connection;
        if (error === null || error === undefined) {
          void this.source.releaseConnection(used);
          resolve(values);
        } else if (isConnectionError(error)) {
          const broken = this.births.isOlderThan(begin, used) ? 'old' : 'fresh';
          this.discard(used, error);
          reject(new ReadFailure(unavailable(error), broken));
        } else {
          void this.source.releaseConnection(used);
          reject(new ReadFailure(storageError(error)));
        }
      };
      this.source.acquireConnection().then(lent, refused);
    });
  }

  /** Gives a broken connection back, marked so that the pool replaces it. */
  private discard(connection: Connection, error: unknown): void {
    connection.__knex__disposed ??= error;
    this.driver.cut(connection);
    void this.source.releaseConnection(connection);
  }
}
