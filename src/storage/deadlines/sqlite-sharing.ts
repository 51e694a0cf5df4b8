import { setTimeout as sleep } from 'node:timers/promises';
import type { PooledConnection } from '../statements/connection-source.js';
import type { SqliteConnection } from './sqlite-locks.js';

interface Lent {
  /** The number of callers that hold this connection and wait for the lock of another process. */
  sleepers: number;
  /** The number of callers that were given it meanwhile. */
  guests: number;
}

/**
 * SQLite has a single connection here. A caller that waits for the lock of another process holds it without using it,
 * so others may use it: reads continue. Before it runs, each checks whether another has begun a transaction meanwhile.
 */
export class SqliteSharing {
  private readonly lent = new Map<PooledConnection & SqliteConnection, Lent>();

  /** A connection whose holder is waiting, if there is one. */
  acquire(): PooledConnection | undefined {
    for (const [connection, lent] of this.lent) {
      if (lent.sleepers === 0 || connection.inTransaction) continue;
      lent.guests += 1;
      return connection;
    }
    return undefined;
  }

  /** Whether others still hold it; only the last one returns it to the pool. */
  release(connection: PooledConnection): boolean {
    const lent = this.lent.get(connection as PooledConnection & SqliteConnection);
    if (lent === undefined || lent.guests === 0) return false;
    lent.guests -= 1;
    return true;
  }

  /** Waits while holding a connection that others may use. */
  async sleep(connection: SqliteConnection, milliseconds: number): Promise<void> {
    const held = connection as PooledConnection & SqliteConnection;
    const lent = this.lent.get(held) ?? { sleepers: 0, guests: 0 };
    this.lent.set(held, lent);
    lent.sleepers += 1;
    await sleep(milliseconds);
    lent.sleepers -= 1;
    if (lent.sleepers === 0 && lent.guests === 0) this.lent.delete(held);
  }
}

const sharings = new WeakMap<object, SqliteSharing>();

/** The sharing of a pool's connection. */
export function sharingOf(pool: object): SqliteSharing {
  let sharing = sharings.get(pool);
  if (sharing === undefined) {
    sharing = new SqliteSharing();
    sharings.set(pool, sharing);
  }
  return sharing;
}
