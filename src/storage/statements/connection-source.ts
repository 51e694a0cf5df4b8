/** The part of a knex client that lends out raw connections of its pool. */
export interface ConnectionSource {
  readonly driverName: string;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  /** What knex and its transactions meet, also in the host's own statements. */
  on?(event: 'query-error', listener: (error: unknown) => void): unknown;
  /** knex' own pool tells of new connections and shows those it has; a pool that the host brought along may not. */
  readonly pool?: {
    on?(event: 'createSuccess', listener: (eventId: number, connection: object) => void): unknown;
    readonly free?: readonly PooledResource[];
    readonly used?: readonly PooledResource[];
  };
  readonly config?: {
    /** A pool that the host brought along. */
    readonly connectionPool?: object;
  };
}

/** A connection as knex' pool keeps it. */
export interface PooledResource {
  readonly resource: PooledConnection;
}

/** knex looks at this property before it lends a connection out; a connection that has it is replaced. */
export interface PooledConnection {
  __knex__disposed?: unknown;
  /** better-sqlite3: whether the whole database lives in this connection. */
  readonly memory?: boolean;
}

/** Remembers when a pool's connections were made, as far as the pool tells. */
export class ConnectionBirths {
  private readonly bornAt = new WeakMap<object, number>();
  private readonly known: boolean;

  constructor({ pool }: ConnectionSource) {
    this.known = typeof pool?.on === 'function';
    pool?.on?.('createSuccess', (_, connection) => this.bornAt.set(connection, performance.now()));
  }

  /** Whether a connection was there before a time of `performance.now()`; `false` if the pool does not tell. */
  isOlderThan(time: number, connection: object): boolean {
    return this.known && (this.bornAt.get(connection) ?? Number.NEGATIVE_INFINITY) < time;
  }
}
