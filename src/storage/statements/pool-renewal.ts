import { kindOfError } from '../driver-errors/index.js';
import type { ConnectionSource, PooledConnection } from './connection-source.js';

/** A failover takes seconds; while it lasts, a pool is not made anew for every write that is refused. */
const PAUSE_MILLISECONDS = 1_000;

const REASON = 'the database takes no writes on it; it is replaced, since another server may take them';

/** A pool of the driver's own that the host gave to knex; both drivers say when a connection is lent out. */
interface NativePool {
  on(event: 'connect' | 'connection' | 'acquire', listener: (connection: PooledConnection) => void): unknown;
}

/**
 * Replaces the connections of a pool whose server takes no writes any more. After a failover they would lead to the old
 * server for as long as they live; new ones go to where the name, or the proxy, leads by then.
 */
export class PoolRenewal {
  private static readonly known = new WeakMap<object, PoolRenewal>();
  private lastMilliseconds = Number.NEGATIVE_INFINITY;
  /** Connections of the driver's own pool that were made since the last renewal. */
  private fresh: WeakSet<PooledConnection> | undefined;

  private constructor(private readonly source: ConnectionSource) {}

  /** The one renewal of a pool. */
  static of(source: ConnectionSource): PoolRenewal {
    // Two faces of one knex instance have one pool.
    const pool = source.pool ?? source;
    let renewal = PoolRenewal.known.get(pool);
    if (renewal === undefined) {
      renewal = new PoolRenewal(source);
      PoolRenewal.known.set(pool, renewal);
      // Whatever runs on this pool: one statement that was refused speaks for all connections.
      source.on?.('query-error', (error) => renewal?.consider(error));
    }
    return renewal;
  }

  /** Renews the pool if the error says that there is nothing to be written here. */
  consider(error: unknown): void {
    if (kindOfError(error) !== 'read-only') return;
    const now = performance.now();
    if (now - this.lastMilliseconds < PAUSE_MILLISECONDS) return;
    this.lastMilliseconds = now;
    const { pool, config } = this.source;
    for (const { resource } of [...(pool?.free ?? []), ...(pool?.used ?? [])]) replace(resource);
    const native = config?.connectionPool;
    if (isNative(native)) this.renewNative(native);
  }

  /** Nobody outside sees the idle connections of such a pool, so each is replaced after its next use. */
  private renewNative(pool: NativePool): void {
    const watched = this.fresh !== undefined;
    this.fresh = new WeakSet();
    if (watched) return;
    for (const event of ['connect', 'connection'] as const) pool.on(event, (made) => this.fresh?.add(made));
    pool.on('acquire', (lent) => {
      if (this.fresh?.has(lent) === false) replace(lent);
    });
  }
}

/** knex looks at the mark before it lends the connection out. What is in memory only would be gone with it. */
function replace(connection: PooledConnection): void {
  if (connection.memory !== true) connection.__knex__disposed ??= REASON;
}

function isNative(pool: object | undefined): pool is NativePool {
  if (pool === undefined || 'used' in pool) return false;
  return typeof (pool as Partial<NativePool>).on === 'function';
}
