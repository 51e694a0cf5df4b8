import { cutConnection, socketOf } from './cut-connection.js';
import type { KnexClient } from './knex-client.js';
import { timeLimit } from './time-limit.js';

/** How long an unneeded connection may take to close properly. */
const GOODBYE_MILLISECONDS = 1_000;

interface Socket {
  readonly destroyed?: boolean;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

interface Connection {
  on(event: 'error', listener: () => void): unknown;
  removeAllListeners(event?: string): unknown;
}

/** How the drivers open a connection: mysql2 and mysql by a function, pg by a class. */
interface Driver {
  readonly createConnection?: (...settings: unknown[]) => Connection;
  readonly Client?: new (...settings: unknown[]) => Connection;
}

/**
 * The connections of a pool that this package opened, from the start: each has a time limit to become ready, none can
 * end the process by an unhandled error, and all can be cut.
 */
export class OwnConnections {
  private readonly sockets = new Set<Socket>();
  /** Ends the time limits of connections that are not ready yet. */
  private readonly beginnings = new WeakMap<object, () => void>();

  constructor(
    client: KnexClient,
    /** How long connecting may take, including the initial statements. */
    private readonly deadlineMilliseconds: number,
  ) {
    const driver = client.driver as Driver;
    const { createConnection, Client } = driver;
    const begun = <Begun extends Connection>(connection: Begun) => this.begun(connection);
    if (typeof createConnection === 'function') {
      client.driver = Object.create(driver, {
        createConnection: { value: (...settings: unknown[]) => begun(createConnection(...settings)) },
      });
    } else if (typeof Client === 'function') {
      const Begun = class extends Client {
        constructor(...settings: unknown[]) {
          super(...settings);
          begun(this);
        }
      };
      client.driver = Object.create(driver, { Client: { value: Begun } });
    }
    const { pool } = client;
    pool?.on?.('createSuccess', (_: number, connection: object) => this.beginnings.get(connection)?.());
    pool?.on?.('destroyRequest', (_: number, connection: object) => this.ending(connection));
  }

  /** Cuts all of them, whatever they are doing. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private begun<Begun extends Connection>(connection: Begun): Begun {
    listenForGood(connection);
    const cancel = timeLimit(this.deadlineMilliseconds, () => cutConnection(connection));
    this.beginnings.set(connection, cancel);
    const socket = socketOf<Socket>(connection);
    if (socket === undefined) return connection;
    this.sockets.add(socket);
    socket.once('close', () => {
      cancel();
      this.sockets.delete(socket);
    });
    return connection;
  }

  /** A graceful close sends a message that a frozen server never reads. */
  private ending(connection: object): void {
    const cancel = timeLimit(GOODBYE_MILLISECONDS, () => cutConnection(connection));
    const socket = socketOf<Socket>(connection);
    if (socket === undefined || socket.destroyed) cancel();
    else socket.once('close', cancel);
  }
}

/** knex removes all listeners when it releases a connection; a later error would end the process. */
function listenForGood(connection: Connection): void {
  connection.on('error', ignore);
  const { removeAllListeners } = connection;
  connection.removeAllListeners = function removeAllButOne(this: Connection, ...events: [event?: string]) {
    const answer = removeAllListeners.apply(this, events);
    connection.on('error', ignore);
    return answer;
  };
}

function ignore(): void {}
