import type { EventEmitter } from 'node:events';
import type { PooledConnection } from '../statements/connection-source.js';

/** What is waited for at a pool of tarn. */
export interface PendingAcquire {
  readonly promise: Promise<PooledConnection>;
  abort?(): void;
}

/** The pool of a knex client: tarn's, or what knex puts around a driver's own, which is less. */
export interface ConnectionPool {
  acquire(): PendingAcquire;
  release(connection: PooledConnection): boolean;
  numUsed?(): number;
  numFree?(): number;
  on?(event: string, listener: (...values: never[]) => void): unknown;
}

/** A statement as knex hands it to a dialect. */
export interface DialectQuery {
  sql: string;
}

/** How a dialect of knex runs a statement on a connection. */
export type RunQuery = (this: KnexClient, connection: PooledConnection, query: DialectQuery) => Promise<unknown>;

/** The parts of a knex client on which deadlines rest. */
export interface KnexClient extends EventEmitter {
  readonly driverName: string;
  readonly config: object;
  /** Of a transaction. */
  readonly transacting?: boolean;
  readonly constructor: Function & { readonly prototype: KnexClient };
  driver: object;
  pool?: ConnectionPool;
  _query: RunQuery;
  acquireConnection(): Promise<PooledConnection>;
  releaseConnection(connection: PooledConnection): Promise<void>;
  destroy(callback?: (error?: unknown) => void): Promise<void>;
}
