import type { PooledConnection } from '../statements/connection-source.js';
import type { Bounds } from './bounds.js';
import { breakerOf } from './connection-breaker.js';
import { DatabaseClosedError, DatabaseDeadlineError } from './deadline-errors.js';
import type { KnexClient } from './knex-client.js';
import { sharingOf } from './sqlite-sharing.js';
import { timeLimit } from './time-limit.js';

/**
 * A client on the same pool that waits for a connection no longer than the deadline, and not at all while none can be
 * opened. The given client is not changed.
 */
export function acquiringClient(client: KnexClient, { deadlineMilliseconds, logger }: Bounds): KnexClient {
  const isSqlite = client.driverName === 'better-sqlite3';
  const sharing = () => (isSqlite && client.pool ? sharingOf(client.pool) : undefined);
  return Object.defineProperties(Object.create(client) as KnexClient, {
    // Listeners of this client only; they are not copied to others.
    _events: { value: Object.create(null), writable: true },
    on: { value: client.on.bind(client) },
    emit: { value: client.emit.bind(client) },
    removeListener: { value: client.removeListener.bind(client) },
    // knex's migrations temporarily change settings here.
    config: { value: { ...client.config }, writable: true },
    acquireConnection: {
      value: async (): Promise<PooledConnection> => {
        const { pool } = client;
        if (!pool) throw new DatabaseClosedError();
        const held = sharing()?.acquire();
        if (held !== undefined) return held;
        const connection = await (breakerOf(pool, logger)?.acquire(deadlineMilliseconds) ??
          acquireInTime(client, deadlineMilliseconds));
        hidePassword(connection);
        return connection;
      },
    },
    releaseConnection: {
      value: async (connection: PooledConnection) => {
        // A pool that was closed meanwhile takes nothing back.
        if (!client.pool || sharing()?.release(connection)) return;
        await client.releaseConnection(connection);
      },
    },
    destroy: { value: (callback?: (error?: unknown) => void) => client.destroy(callback) },
  });
}

/** For a client whose request cannot be cancelled: a connection that comes too late is returned. */
export function acquireInTime(client: KnexClient, milliseconds: number): Promise<PooledConnection> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const cancel = timeLimit(milliseconds, () => {
      isOver = true;
      reject(DatabaseDeadlineError.ofPool(milliseconds));
    });
    client
      .acquireConnection()
      .then((connection) => (isOver ? void client.releaseConnection(connection) : resolve(connection)), reject)
      .finally(cancel);
  });
}

/** As knex does for each connection that it lends, so that a dump of a connection does not show the password. */
function hidePassword(connection: PooledConnection): void {
  const { config } = connection as { readonly config?: { password?: unknown } };
  if (config?.password !== undefined && Object.getOwnPropertyDescriptor(config, 'password')?.enumerable) {
    Object.defineProperty(config, 'password', { enumerable: false });
  }
}
