import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionError, unavailable } from '../database-errors.js';
import { kindOfError } from '../driver-errors/index.js';
import { ConnectionBirths, type ConnectionSource, type PooledConnection } from './connection-source.js';
import { PoolRenewal } from './pool-renewal.js';
import { Preparation, type PreparationOptions } from './preparation.js';

/** What a statement gave: rows, or how many it has changed. */
export interface StatementResult {
  /** Each as its values in the order of the columns. */
  readonly rows: readonly (readonly unknown[])[];
  readonly affectedRows: number;
}

/** Called once: with an error, or with the result. */
export type StatementCallback = (error: unknown, result?: StatementResult) => void;

/** How one driver runs one statement. */
export interface StatementDriver<Connection> {
  /** Runs the statement as one that stays prepared on the connection. One that cannot be used is forgotten. */
  run(connection: Connection, values: unknown[], done: StatementCallback): void;
  /** Runs it without leaving anything on the connection. */
  runUnprepared(connection: Connection, values: unknown[], done: StatementCallback): void;
  /** Cuts the connection off at once, without asking the server. */
  cut(connection: Connection): void;
}

/** Why a try failed. */
class Failure {
  constructor(
    readonly error: unknown,
    /**
     * What failed, if it was not the statement itself: the connection broke under it (an old one may have been dead for
     * long), or the prepared statement could not be used.
     */
    readonly reason?: 'old connection' | 'fresh connection' | 'preparation',
  ) {}
}

/** What a statement may be told. */
export interface PooledStatementOptions extends PreparationOptions {
  /** After how many milliseconds without an answer the database counts as away. */
  readonly timeoutMilliseconds: number;
  /** Whether it does no harm when it is run twice, since a connection may break after it was. */
  readonly repeatable: boolean;
}

/** One statement on pooled connections of a driver that answers later. */
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
   * Runs it. After a restart of the server every pooled connection may be dead. Each that breaks is thrown away, so
   * asking on comes to a fresh one; when a fresh one breaks as well, once more is enough. Where a prepared statement
   * cannot be used, the same statement is run unprepared.
   *
   * @throws TemporarilyUnavailableError if there is no connection to ask on; what the database itself refuses is thrown
   * as the driver has it
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
          // The server refused it before it did anything, so this holds for writes too.
          prepared = false;
          continue;
        }
        if (!this.repeatable || reason === undefined || (reason !== 'old connection' && retried)) throw error;
        retried = true;
      }
      // One turn of the event loop, so that other connections which broke at the same time are known to be broken.
      await nextTurn();
    }
  }

  /** One try within the deadline, which covers the wait for a connection as well. Rejects with a `Failure`. */
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
        } else {
          reject(this.failed(error, used, begin));
        }
      };
      this.source.acquireConnection().then(lent, refused);
    });
  }

  /** Gives the connection back after an error, and says what failed. */
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

  /** Gives a broken connection back, marked so that the pool replaces it. */
  private discard(connection: Connection, error: unknown): void {
    connection.__knex__disposed ??= error;
    this.driver.cut(connection);
    void this.source.releaseConnection(connection);
  }
}
