/** The part of a knex client that lends raw connections of its pool. */
export interface ConnectionSource {
  readonly driverName: string;
  acquireConnection(): Promise<unknown>;
  releaseConnection(connection: unknown): Promise<void>;
  /** Errors in knex and its transactions, including those of the host's own statements. */
  on?(event: 'query-error', listener: (error: unknown) => void): unknown;
  /** knex's own pool reports new connections and exposes those it has; a pool of the host may not. */
  readonly pool?: {
    on?(event: 'createSuccess', listener: (eventId: number, connection: object) => void): unknown;
    readonly free?: readonly PooledResource[];
    readonly used?: readonly PooledResource[];
  };
  readonly config?: {
    /** A pool that the host provided. */
    readonly connectionPool?: object;
  };
}

/** A connection in knex's pool. */
export interface PooledResource {
  readonly resource: PooledConnection;
}

/** knex checks this property before it lends a connection; a connection that has it is replaced. */
export interface PooledConnection {
  __knex__disposed?: unknown;
  /** better-sqlite3: whether the whole database lives in this connection. */
  readonly memory?: boolean;
}

/** Remembers when a pool's connections were opened, as far as the pool reports it. */
export class ConnectionBirths {
  private readonly bornAt = new WeakMap<object, number>();
  private readonly known: boolean;

  constructor({ pool }: ConnectionSource) {
    this.known = typeof pool?.on === 'function';
    pool?.on?.('createSuccess', (_, connection) => this.bornAt.set(connection, performance.now()));
  }

  /** Whether a connection existed before a time of `performance.now()`; `false` if the pool does not report it. */
  isOlderThan(time: number, connection: object): boolean {
    return this.known && (this.bornAt.get(connection) ?? Number.NEGATIVE_INFINITY) < time;
  }
}
