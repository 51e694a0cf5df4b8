import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import pg from 'pg';
import { postgresPrograms, startPostgres } from '../postgres-process.js';
import {
  portFrom,
  printableUrl,
  reasonOf,
  type Search,
  type ServiceKind,
  UnusableServiceError,
  type UsableService,
} from './service.js';

export const postgres: ServiceKind = {
  name: 'PostgreSQL',
  variable: 'TEST_POSTGRES_URL',
  namedBy: ['TEST_POSTGRES_URL'],
  debianPackage: 'postgresql',
  look,
  hasPrograms: () => postgresPrograms() !== undefined,
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

async function start(): Promise<UsableService> {
  const { url, stop } = await startPostgres();
  try {
    return { url, version: await probe(url), how: `started for this run from ${postgresPrograms()?.server}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
