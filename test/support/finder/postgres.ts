import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startLeashed } from '../leashed-process.js';
import { freePort } from '../ports.js';
import { findPostgresProgram, isRoot, run } from './programs.js';
import {
  portFrom,
  printableUrl,
  reasonOf,
  type Search,
  type ServiceKind,
  UnusableServiceError,
  type UsableService,
} from './service.js';
import { waitUntilReady } from './throw-away.js';

export const postgres: ServiceKind = {
  name: 'PostgreSQL',
  variable: 'TEST_POSTGRES_URL',
  namedBy: ['TEST_POSTGRES_URL'],
  debianPackage: 'postgresql',
  look,
  hasPrograms: () => programs() !== undefined,
  start,
};

async function look(): Promise<Search> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return { service: await named(given) };
  const port = portFrom('TEST_POSTGRES_PORT', 5432);
  const refusals: string[] = [];
  // Who may come in without a password differs from installation to installation.
  for (const credentials of [encodeURIComponent(userInfo().username), 'postgres', 'postgres:postgres']) {
    const url = `postgres://${credentials}@127.0.0.1:${port}/postgres`;
    try {
      return { service: { url, version: await probe(url), how: 'found on its default port' } };
    } catch (error) {
      if ((error as { code?: string }).code === 'ECONNREFUSED') {
        return { reason: `nothing listens on 127.0.0.1:${port}` };
      }
      refusals.push(reasonOf(error));
    }
  }
  return { reason: `127.0.0.1:${port} cannot be used (${[...new Set(refusals)].join('; ')})` };
}

async function named(given: string): Promise<UsableService> {
  try {
    return { url: given, version: await probe(given), how: 'named by TEST_POSTGRES_URL' };
  } catch (error) {
    throw new UnusableServiceError(
      `TEST_POSTGRES_URL (${printableUrl(given)}) cannot be used: ${reasonOf(error)}. The tests need a user that may create databases; correct TEST_POSTGRES_URL or unset it.`,
    );
  }
}

/** Asks a server for its version, and whether this user may make and drop databases. */
async function probe(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const name = `oauth2_test_${randomBytes(6).toString('hex')}`;
    await client.query(`CREATE DATABASE ${name}`);
    await client.query(`DROP DATABASE ${name}`);
    const { rows } = await client.query('SHOW server_version');
    return String(rows[0]?.server_version).split(' ', 1)[0] ?? '';
  } finally {
    await client.end().catch(() => {});
  }
}

function programs(): { server: string; initialize: string } | undefined {
  const server = findPostgresProgram('postgres');
  const initialize = findPostgresProgram('initdb');
  return server === undefined || initialize === undefined ? undefined : { server, initialize };
}

/** PostgreSQL refuses to run as root; the package brings a user for it. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (!isRoot()) return undefined;
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find(([found]) => found === name)).find(Boolean);
  if (account === undefined) throw new Error('PostgreSQL does not run as root, and there is no other user here');
  return { uid: Number(account[2]), gid: Number(account[3]) };
}

async function start(): Promise<UsableService> {
  const found = programs();
  if (found === undefined) throw new Error('postgres and initdb are not on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-postgres-'));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  const logFile = join(folder, 'postgres.log');
  const data = join(folder, 'data');
  try {
    const owner = await unprivileged();
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
    const initialize = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    await run(found.initialize, [...initialize, '--locale=C'], owner);
    const port = await freePort();
    const server = await startLeashed(
      found.server,
      // The settings switch off what would make data survive a crash: nothing here has to.
      ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', folder, '-F', '-c', 'full_page_writes=off'],
      { logFile, removeAfterwards: folder, ...(owner === undefined ? {} : { owner }) },
    );
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const version = await waitUntilReady('PostgreSQL', server, logFile, () => probe(url));
    const stop = async () => {
      // SIGINT is its "fast shutdown": it does not wait for clients to leave.
      await server.end('SIGINT');
      await remove();
    };
    return { url, version, how: `started for this run from ${found.server}`, stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
