import { setTimeout as wakeAfter } from 'node:timers/promises';
import type { PooledConnection } from '../statements/connection-source.js';
import { acquireInTime } from './acquiring-client.js';
import type { Bounds } from './bounds.js';
import { cutConnection } from './cut-connection.js';
import { DatabaseDeadlineError } from './deadline-errors.js';
import type { DialectQuery, KnexClient, RunQuery } from './knex-client.js';
import { runOnSqlite, type SqliteConnection } from './sqlite-locks.js';
import { sharingOf } from './sqlite-sharing.js';
import { timeLimit } from './time-limit.js';

/** When waiting for a connection began, for the first statement on it: the deadline covers both. */
type Waits = WeakMap<PooledConnection, number>;

type ApplyQuery = (client: KnexClient, parts: [connection: PooledConnection, query: DialectQuery]) => Promise<unknown>;
/** Sleeps while holding a connection. */
type Sleep = (connection: SqliteConnection, milliseconds: number) => Promise<unknown>;

/**
 * A client on the same pool whose statements have a deadline, including those of its transactions. The given client is
 * not changed, so the host's own statements are unaffected.
 */
export function boundedClient(client: KnexClient, { deadlineMilliseconds }: Bounds): KnexClient {
  const base = client.constructor.prototype;
  const waits: Waits = new WeakMap();
  const sleep: Sleep = (connection, milliseconds) =>
    client.pool ? sharingOf(client.pool).sleep(connection, milliseconds) : wakeAfter(milliseconds);
  const bounded = (apply: ApplyQuery) => boundedQuery(apply, deadlineMilliseconds, waits, sleep);
  // knex creates the client of a transaction from `constructor.prototype`.
  class BoundedClient {}
  Object.setPrototypeOf(BoundedClient.prototype, base);
  Object.defineProperty(BoundedClient.prototype, '_query', {
    value: bounded((...parts) => base._query.apply(...parts)),
  });
  return Object.defineProperties(Object.create(client) as KnexClient, {
    constructor: { value: BoundedClient },
    config: { value: { ...client.config }, writable: true },
    _query: { value: bounded((...parts) => client._query.apply(...parts)) },
    acquireConnection: {
      value: async (): Promise<PooledConnection> => {
        const begin = performance.now();
        const connection = await acquireInTime(client, deadlineMilliseconds);
        waits.set(connection, begin);
        return connection;
      },
    },
    destroy: { value: (callback?: (error?: unknown) => void) => client.destroy(callback) },
  });
}

function boundedQuery(apply: ApplyQuery, deadlineMilliseconds: number, waits: Waits, sleep: Sleep): RunQuery {
  return function query(this: KnexClient, connection: PooledConnection, statement: DialectQuery): Promise<unknown> {
    const disposed = connection.__knex__disposed;
    // Further statements of knex (ROLLBACK) on a connection that was cut fail for the same reason.
    if (disposed instanceof DatabaseDeadlineError) return Promise.reject(disposed);
    const begin = waits.get(connection) ?? performance.now();
    waits.delete(connection);
    const run = async () => apply(this, [connection, statement]);
    const until = begin + deadlineMilliseconds;
    if (this.driverName === 'better-sqlite3') {
      const held = connection as unknown as SqliteConnection;
      const wait = { until, sleep: (milliseconds: number) => sleep(held, milliseconds) };
      return runOnSqlite(held, statement, { ...wait, isTransaction: this.transacting === true }, run);
    }
    // SQLite's file is on this machine: it answers, or reports that it is locked.
    if (this.driverName === 'sqlite3') return run();
    return answeredBy(until, run, () => {
      const error = DatabaseDeadlineError.ofStatement(deadlineMilliseconds);
      // The outcome of the statement is unknown: the pool never lends this connection again, and the server rolls back
      // its open transaction.
      connection.__knex__disposed = error;
      cutConnection(connection);
      return error;
    });
  };
}

function answeredBy<T>(until: number, run: () => Promise<T>, giveUp: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timeLimit(until - performance.now(), () => reject(giveUp()));
    run().then(resolve, reject).finally(cancel);
  });
}
