import { kindOfError } from '../driver-errors/index.js';
import type { ConnectionSource, PooledConnection } from './connection-source.js';

/** A failover takes seconds; meanwhile, the pool is not renewed for every write that is refused. */
const PAUSE_MILLISECONDS = 1_000;

const REASON = 'the database accepts no writes on it; it is replaced, since another server may accept them';

/** A driver's own pool that the host gave to knex; both drivers report when a connection is lent. */
interface NativePool {
  on(event: 'connect' | 'connection' | 'acquire', listener: (connection: PooledConnection) => void): unknown;
}

/**
 * Replaces the connections of a pool whose server accepts no writes any more. After a failover they would stay
 * connected to the old server; new connections go to wherever the name, or the proxy, leads by then.
 */
export class PoolRenewal {
  private static readonly known = new WeakMap<object, PoolRenewal>();
  private lastMilliseconds = Number.NEGATIVE_INFINITY;
  /** Connections of the driver's own pool that were opened since the last renewal. */
  private fresh: WeakSet<PooledConnection> | undefined;

  private constructor(private readonly source: ConnectionSource) {}

  /** The renewal of a pool; one per pool. */
  static of(source: ConnectionSource): PoolRenewal {
    // Two faces of one knex instance have one pool.
    const pool = source.pool ?? source;
    let renewal = PoolRenewal.known.get(pool);
    if (renewal === undefined) {
      renewal = new PoolRenewal(source);
      PoolRenewal.known.set(pool, renewal);
      // For all statements on this pool: one that was refused is evidence about all connections.
      source.on?.('query-error', (error) => renewal?.consider(error));
    }
    return renewal;
  }

  /** Renews the pool if the error means that the server accepts no writes. */
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

  /** The idle connections of such a pool are not accessible, so each is replaced after its next use. */
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

/** knex checks the mark before it lends the connection. An in-memory database would be lost with it. */
function replace(connection: PooledConnection): void {
  if (connection.memory !== true) connection.__knex__disposed ??= REASON;
}

function isNative(pool: object | undefined): pool is NativePool {
  if (pool === undefined || 'used' in pool) return false;
  return typeof (pool as Partial<NativePool>).on === 'function';
}
