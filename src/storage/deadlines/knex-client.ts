import type { EventEmitter } from 'node:events';
import type { PooledConnection } from '../statements/connection-source.js';

/** A pending request for a connection at a tarn pool. */
export interface PendingAcquire {
  readonly promise: Promise<PooledConnection>;
  abort?(): void;
}

/** The pool of a knex client: tarn's, or knex's wrapper of a driver's own pool, which has less. */
export interface ConnectionPool {
  acquire(): PendingAcquire;
  release(connection: PooledConnection): boolean;
  numUsed?(): number;
  numFree?(): number;
  on?(event: string, listener: (...values: never[]) => void): unknown;
}

/** A statement as knex passes it to a dialect. */
export interface DialectQuery {
  sql: string;
}

/** How a knex dialect runs a statement on a connection. */
export type RunQuery = (this: KnexClient, connection: PooledConnection, query: DialectQuery) => Promise<unknown>;

/** The members of a knex client on which deadlines depend. */
export interface KnexClient extends EventEmitter {
  readonly driverName: string;
  readonly config: object;
  /** Whether it belongs to a transaction. */
  readonly transacting?: boolean;
  readonly constructor: Function & { readonly prototype: KnexClient };
  driver: object;
  pool?: ConnectionPool;
  _query: RunQuery;
  acquireConnection(): Promise<PooledConnection>;
  releaseConnection(connection: PooledConnection): Promise<void>;
  destroy(callback?: (error?: unknown) => void): Promise<void>;
}
