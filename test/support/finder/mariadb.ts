import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise';
import { mariadbPrograms, startMariadb } from '../mariadb-process.js';
import {
  portFrom,
  printableUrl,
  reasonOf,
  type Search,
  type ServiceKind,
  UnusableServiceError,
  type UsableService,
} from './service.js';

/** MariaDB, or a MySQL that speaks for it where a URL names one. */
export const mariadb: ServiceKind = {
  name: 'MariaDB',
  variable: 'TEST_MARIADB_URL',
  namedBy: ['TEST_MARIADB_URL', 'DATABASE_URL'],
  debianPackage: 'mariadb-server',
  look,
  hasPrograms: () => mariadbPrograms() !== undefined,
  start,
};

async function look(): Promise<Search> {
  for (const variable of ['TEST_MARIADB_URL', 'DATABASE_URL'] as const) {
    const given = process.env[variable];
    if (!given) continue;
    if (/^(mysql|mariadb):\/\//.test(given)) return { service: await named(variable, given) };
    const scheme = given.split(':', 1)[0];
    console.log(
      `${variable} names another kind of database (${scheme}): ignored, the tests need mysql:// or mariadb://.`,
    );
  }
  const port = portFrom('TEST_MARIADB_PORT', 3306);
  const url = `mysql://root@127.0.0.1:${port}`;
  try {
    return { service: { url, version: await probe(url), how: 'found on its default port' } };
  } catch (error) {
    const overTcp = refusal(`127.0.0.1:${port}`, error);
    const overSocket = await lookAtSocket();
    return 'service' in overSocket ? overSocket : { reason: `${overTcp}, ${overSocket.reason}` };
  }
}

async function named(variable: string, given: string): Promise<UsableService> {
  try {
    const server = new URL(given.replace(/^mariadb:/, 'mysql:'));
    server.pathname = '';
    return { url: server.href, version: await probe(server.href), how: `named by ${variable}` };
  } catch (error) {
    throw new UnusableServiceError(
      `${variable} (${printableUrl(given)}) cannot be used: ${reasonOf(error)}. The tests need a MariaDB or MySQL user that may create databases named oauth2_test_…; correct ${variable} or unset it.`,
    );
  }
}

/** Asks a server for its version, and whether this user may do what the tests do: make and drop databases. */
async function probe(url: string): Promise<string> {
  return connected({ uri: url }, async (connection) => {
    const name = `oauth2_test_${randomBytes(6).toString('hex')}`;
    await connection.query(`CREATE DATABASE ${name}`);
    await connection.query(`DROP DATABASE ${name}`);
    return versionOf(connection);
  });
}

async function versionOf(connection: Connection): Promise<string> {
  const [rows] = await connection.query('SELECT VERSION() AS version');
  return String((rows as { version: unknown }[])[0]?.version).replace(/-MariaDB.*$/, '');
}

async function connected<T>(options: ConnectionOptions, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ connectTimeout: 5_000, ...options });
  try {
    return await use(connection);
  } finally {
    await connection.end().catch(() => {});
  }
}

function refusal(where: string, error: unknown): string {
  const code = (error as { code?: string }).code;
  return code === 'ECONNREFUSED' ? `nothing listens on ${where}` : `${where} cannot be used (${reasonOf(error)})`;
}

/**
 * A fresh Debian lets root in only through the Unix socket. There a user for this run is made, with rights on the
 * tests' databases alone; it goes with the run.
 */
async function lookAtSocket(): Promise<Search> {
  const given = process.env.TEST_MARIADB_SOCKET;
  const sockets = given ? [given] : ['/run/mysqld/mysqld.sock', '/tmp/mysql.sock'];
  const socketPath = sockets.find((path) => existsSync(path));
  if (socketPath === undefined) return { reason: `no socket ${sockets.join(' or ')}` };
  const asRoot = { socketPath, user: 'root' };
  const user = `oauth2_test_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  // A server that resolves names sees this machine as "localhost", another one as its address.
  const accounts = ['localhost', '127.0.0.1'].map((host) => `'${user}'@'${host}'`);
  const forget = () =>
    connected(asRoot, async (connection) => {
      for (const account of accounts) await connection.query(`DROP USER IF EXISTS ${account}`);
    });
  try {
    const port = await connected(asRoot, async (connection) => {
      for (const account of accounts) {
        await connection.query(`CREATE USER ${account} IDENTIFIED BY '${password}'`);
        await connection.query(`GRANT ALL PRIVILEGES ON \`oauth2\\_test\\_%\`.* TO ${account}`);
      }
      const [rows] = await connection.query('SELECT @@port AS port');
      return Number((rows as { port: unknown }[])[0]?.port);
    });
    const url = `mysql://${user}:${password}@127.0.0.1:${port}`;
    const how = `found through ${socketPath}, with a user of this run's own`;
    return { service: { url, version: await probe(url), how, stop: forget } };
  } catch (error) {
    await forget().catch(() => {});
    return { reason: refusal(socketPath, error) };
  }
}

async function start(): Promise<UsableService> {
  const { url, stop } = await startMariadb();
  try {
    return { url, version: await probe(url), how: `started for this run from ${mariadbPrograms()?.server}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
