import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionError, unavailable } from '../database-errors.js';
import { kindOfError } from '../driver-errors/index.js';
import { ConnectionBirths, type ConnectionSource, type PooledConnection } from './connection-source.js';
import { PoolRenewal } from './pool-renewal.js';
import { Preparation, type PreparationOptions } from './preparation.js';

/** The result of a statement: rows, or how many were changed. */
export interface StatementResult {
  /** The values of each row in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  readonly affectedRows: number;
}

/** Called once: with an error, or with the result. */
export type StatementCallback = (error: unknown, result?: StatementResult) => void;

/** How a driver runs a statement. */
export interface StatementDriver<Connection> {
  /** Runs the statement as a prepared one, which stays on the connection. If it cannot be used, it is discarded. */
  run(connection: Connection, values: unknown[], done: StatementCallback): void;
  /** Runs it without leaving anything on the connection. */
  runUnprepared(connection: Connection, values: unknown[], done: StatementCallback): void;
  /** Cuts the connection immediately, without involving the server. */
  cut(connection: Connection): void;
}

/** Why an attempt failed. */
class Failure {
  constructor(
    readonly error: unknown,
    /**
     * What failed, if it was not the statement itself: the connection broke (an old one may have been dead for long),
     * or the prepared statement could not be used.
     */
    readonly reason?: 'old connection' | 'fresh connection' | 'preparation',
  ) {}
}

/** The options of a statement. */
export interface PooledStatementOptions extends PreparationOptions {
  /** After how many milliseconds without an answer the database counts as unavailable. */
  readonly timeoutMilliseconds: number;
  /** Whether it may run twice, since a connection may break after the statement was executed. */
  readonly repeatable: boolean;
}

/** One statement on pooled connections of an asynchronous driver. */
export class PooledStatement<Connection extends PooledConnection> {
  private readonly births: ConnectionBirths;
  private readonly preparation: Preparation;
  private readonly renewal: PoolRenewal;
  private readonly timeoutMilliseconds: number;
  private readonly repeatable: boolean;

  constructor(
    private readonly source: ConnectionSource,
    private readonly driver: StatementDriver<Connection>,
    options: PooledStatementOptions,
  ) {
    this.births = new ConnectionBirths(source);
    this.preparation = Preparation.of(source, options);
    this.renewal = PoolRenewal.of(source);
    this.timeoutMilliseconds = options.timeoutMilliseconds;
    this.repeatable = options.repeatable;
  }

  /**
   * Runs the statement. After a restart of the server every pooled connection may be dead. Each one that breaks is
   * discarded, so repeating eventually uses a new one; if a new one breaks as well, it is repeated only once more. If a
   * prepared statement cannot be used, the statement runs unprepared.
   *
   * @throws TemporarilyUnavailableError if no connection is available; errors from the database itself are thrown as
   *   the driver has them
   */
  async run(values: unknown[]): Promise<StatementResult> {
    let prepared = this.preparation.isWanted(performance.now());
    for (let retried = false; ; ) {
      try {
        return await this.attempt(values, prepared);
      } catch (failure) {
        const { error, reason } = failure as Failure;
        if (reason === 'preparation') {
          if (!prepared) throw error;
          // The server refused it before it did anything, so this also applies to writes.
          prepared = false;
          continue;
        }
        if (!this.repeatable || reason === undefined || (reason !== 'old connection' && retried)) throw error;
        retried = true;
      }
      // One turn of the event loop, so that other connections which broke at the same time are recognized as broken.
      await nextTurn();
    }
  }

  /** One attempt within the deadline, which includes the wait for a connection. Rejects with a `Failure`. */
  private attempt(values: unknown[], prepared: boolean): Promise<StatementResult> {
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
          if (prepared) this.driver.run(connection, values, answered);
          else this.driver.runUnprepared(connection, values, answered);
        } catch (error) {
          answered(error);
        }
      };
      const refused = (error: unknown): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        // Whatever the reason (refused, full, closed, unknown database), no connection is available.
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
        } else {
          reject(this.failed(error, used, begin));
        }
      };
      this.source.acquireConnection().then(lent, refused);
    });
  }

  /** Returns the connection after an error, and determines what failed. */
  private failed(error: unknown, connection: Connection, begin: number): Failure {
    if (isConnectionError(error)) {
      const reason = this.births.isOlderThan(begin, connection) ? 'old connection' : 'fresh connection';
      this.discard(connection, error);
      return new Failure(unavailable(error), reason);
    }
    const isUnusable = kindOfError(error) === 'statement';
    if (isUnusable) this.preparation.failed(error);
    else this.renewal.consider(error);
    void this.source.releaseConnection(connection);
    return isUnusable ? new Failure(error, 'preparation') : new Failure(error);
  }

  /** Returns a broken connection, marked so that the pool replaces it. */
  private discard(connection: Connection, error: unknown): void {
    connection.__knex__disposed ??= error;
    this.driver.cut(connection);
    void this.source.releaseConnection(connection);
  }
}
