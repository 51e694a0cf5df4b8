import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { startMariadb } from '../../../support/mariadb-process.js';
import type { ChaosDatabase } from './database.js';
import { Lockers } from './lockers.js';

/** What the server reserves for an administrator who has to get in: one connection beyond this. */
const CONNECTIONS = 60;

/** A MariaDB with a database `chaos` and a user `app`. */
export async function startChaosMariadb(): Promise<ChaosDatabase> {
  const server = await startMariadb(
    // What was acknowledged survives a crash of the server, as it does with its defaults.
    ['--innodb-flush-log-at-trx-commit=2', '--innodb-doublewrite=1', `--max-connections=${CONNECTIONS}`],
    [
      'CREATE DATABASE IF NOT EXISTS chaos CHARACTER SET utf8mb4',
      "CREATE USER IF NOT EXISTS 'app'@'127.0.0.1'",
      "GRANT ALL PRIVILEGES ON chaos.* TO 'app'@'127.0.0.1'",
      'CREATE TABLE IF NOT EXISTS chaos.chaos_noise (id INT AUTO_INCREMENT PRIMARY KEY, note VARBINARY(64)) ENGINE=InnoDB',
    ],
  );
  const urlOf = (port: number, user: string) => `mysql://${user}@127.0.0.1:${port}/chaos`;
  const open = async (user = 'root') => {
    const connection = await createConnection(urlOf(server.port, user));
    connection.on('error', () => {});
    return connection;
  };
  const asRoot = async <Result>(use: (connection: Connection) => Promise<Result>): Promise<Result> => {
    const connection = await open();
    try {
      return await use(connection);
    } finally {
      connection.destroy();
    }
  };
  const killAll = async (connection: Connection, except: readonly number[] = []) => {
    const [rows] = await connection.query<RowDataPacket[]>(
      "SELECT id FROM information_schema.processlist WHERE user = 'app'",
    );
    for (const { id } of rows) {
      if (!except.includes(Number(id))) await connection.query(`KILL ${id}`).catch(() => {});
    }
  };
  const hogs: Connection[] = [];
  const lockers = new Lockers();
  return {
    ...server,
    name: 'MariaDB',
    urlAt: (port) => urlOf(port, 'app'),
    killConnections: () => asRoot((connection) => killAll(connection)),
    refuseConnections: () =>
      asRoot(async (connection) => {
        // Whoever comes first has a connection: others that nobody uses, until there are no more.
        for (let full = 0; full < 3; ) {
          const hog = await open('app').catch(() => undefined);
          if (hog !== undefined) hogs.push(hog);
          else {
            full += 1;
            await killAll(
              connection,
              hogs.map(({ threadId }) => threadId),
            );
          }
        }
      }),
    async acceptConnections() {
      for (const hog of hogs.splice(0)) hog.destroy();
    },
    setReadOnly: (readOnly) =>
      asRoot(async (connection) => {
        await connection.query(`SET GLOBAL read_only = ${readOnly ? 1 : 0}`);
      }),
    async startDeadlocks() {
      lockers.start(async () => {
        const connection = await open();
        return { run: (sql) => connection.query(sql), end: async () => connection.destroy() };
      });
    },
    stopDeadlocks: () => lockers.stop(),
    deadlocks: () =>
      asRoot(async (connection) => {
        const [rows] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");
        return Number(rows[0]?.Value);
      }),
  };
}
