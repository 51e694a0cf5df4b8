import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionError, unavailable } from '../database-errors.js';
import { ConnectionBirths, type ConnectionSource, type PooledConnection } from './connection-source.js';

/** What a statement gave: rows, or how many it has changed. */
export interface StatementResult {
  /** Each as its values in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  readonly affectedRows: number;
}

/** How one driver runs one statement. */
export interface StatementDriver<Connection> {
  /** Runs the prepared statement and calls back once: with an error, or with the result. */
  run(connection: Connection, values: unknown[], done: (error: unknown, result?: StatementResult) => void): void;
  /** Cuts the connection off at once, without asking the server. */
  cut(connection: Connection): void;
}

/** Why a try failed. */
class Failure {
  constructor(
    readonly error: unknown,
    /** The connection that broke under it, if one did; an old one may have been dead for long. */
    readonly broken?: 'old' | 'fresh',
  ) {}
}

/** One statement on pooled connections of a driver that answers later. */
export class PooledStatement<Connection extends PooledConnection> {
  private readonly births: ConnectionBirths;

  constructor(
    private readonly source: ConnectionSource,
    private readonly driver: StatementDriver<Connection>,
    private readonly timeoutMilliseconds: number,
    /** Whether it does no harm when it is run twice, since a connection may break after it was. */
    private readonly repeatable: boolean,
  ) {
    this.births = new ConnectionBirths(source);
  }

  /**
   * Runs it. After a restart of the server every pooled connection may be dead. Each that breaks is thrown away, so
   * asking on comes to a fresh one; when a fresh one breaks as well, once more is enough.
   *
   * @throws TemporarilyUnavailableError if there is no connection to ask on; what the database itself refuses is thrown
   * as the driver has it
   */
  async run(values: unknown[]): Promise<StatementResult> {
    for (let retried = false; ; retried = true) {
      try {
        return await this.attempt(values);
      } catch (reason) {
        const { error, broken } = reason as Failure;
        if (!this.repeatable || broken === undefined || (broken === 'fresh' && retried)) throw error;
      }
      // One turn of the event loop, so that other connections which broke at the same time are known to be broken.
      await nextTurn();
    }
  }

  /** One try within the deadline, which covers the wait for a connection as well. Rejects with a `Failure`. */
  private attempt(values: unknown[]): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      const begin = performance.now();
      let connection: Connection | undefined;
      let over = false;
      const timer = setTimeout(() => {
        over = true;
        const error = new Error(`The database gave no answer within ${this.timeoutMilliseconds} ms.`);
        if (connection !== undefined) this.discard(connection, error);
        reject(new Failure(unavailable(error)));
      }, this.timeoutMilliseconds);

      const lent = (value: unknown): void => {
        if (over) {
          void this.source.releaseConnection(value);
          return;
        }
        connection = value as Connection;
        try {
          this.driver.run(connection, values, answered);
        } catch (error) {
          answered(error);
        }
      };
      const refused = (error: unknown): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        // Whatever the reason (refused, full, closed, unknown database), there is no connection to ask on.
        reject(new Failure(unavailable(error)));
      };
      const answered = (error: unknown, result?: StatementResult): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        const used = connection as Connection;
        if (error === null || error === undefined) {
          void this.source.releaseConnection(used);
          resolve(result as StatementResult);
        } else if (isConnectionError(error)) {
          const broken = this.births.isOlderThan(begin, used) ? 'old' : 'fresh';
          this.discard(used, error);
          reject(new Failure(unavailable(error), broken));
        } else {
          void this.source.releaseConnection(used);
          reject(new Failure(error));
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
