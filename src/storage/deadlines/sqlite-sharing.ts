import { setTimeout as sleep } from 'node:timers/promises';
import type { PooledConnection } from '../statements/connection-source.js';
import type { SqliteConnection } from './sqlite-locks.js';

interface Lent {
  /** Who waits for the lock of another process, with this connection in hand. */
  sleepers: number;
  /** Who was given it meanwhile. */
  guests: number;
}

/**
 * SQLite has one connection here. Who waits for the lock of another process holds it but does not use it, so that others
 * may: reads go on. Each looks before it runs whether somebody else has begun a transaction meanwhile.
 */
export class SqliteSharing {
  private readonly lent = new Map<PooledConnection & SqliteConnection, Lent>();

  /** A connection that is held by somebody who sleeps, if there is one. */
  acquire(): PooledConnection | undefined {
    for (const [connection, lent] of this.lent) {
      if (lent.sleepers === 0 || connection.inTransaction) continue;
      lent.guests += 1;
      return connection;
    }
    return undefined;
  }

  /** Whether others still hold it; only the last one gives it back to the pool. */
  release(connection: PooledConnection): boolean {
    const lent = this.lent.get(connection as PooledConnection & SqliteConnection);
    if (lent === undefined || lent.guests === 0) return false;
    lent.guests -= 1;
    return true;
  }

  /** Sleeps with a connection in hand that others may use. */
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
