import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';

export { type RedisProcess, startRedis } from './redis-process.js';
export { type RedisClusterProcesses, startRedisCluster, startSentinel } from './redis-topologies.js';

export type DatabaseKind = 'sqlite' | 'mariadb' | 'postgres';

/** A database of a test's own. */
export interface FreshDatabase {
  /** As the package's `database` option and `DATABASE_URL` take it. */
  readonly url: string;
  /** Removes the database. Connections must be closed before. */
  drop(): Promise<void>;
}

/** The MariaDB or MySQL server of this run, without a database; a user that may create `oauth2_test_%` databases. */
export function mariadbUrl(): string {
  return process.env.TEST_MARIADB_URL || 'mysql://root@127.0.0.1:3306';
}

/** The Redis of this run. */
export function redisUrl(): string {
  return process.env.TEST_REDIS_URL || 'redis://127.0.0.1:6379';
}

/** The PostgreSQL server of this run, with a database to connect to; `undefined` if this run has none. */
export function postgresUrl(): string | undefined {
  // The global setup sets an empty string where it found none.
  const url = process.env.TEST_POSTGRES_URL ?? 'postgres://root@127.0.0.1:5432/postgres';
  return url === '' ? undefined : url;
}

/** The kinds of database that this run can test. */
export function databaseKinds(): DatabaseKind[] {
  return postgresUrl() === undefined ? ['sqlite', 'mariadb'] : ['sqlite', 'mariadb', 'postgres'];
}

/** Creates an empty database of the test's own. */
export function freshDatabase(kind: DatabaseKind): Promise<FreshDatabase> {
  const name = `oauth2_test_${randomBytes(6).toString('hex')}`;
  if (kind === 'sqlite') return freshSqlite(name);
  return kind === 'mariadb' ? freshMariadb(name) : freshPostgres(name);
}

async function freshSqlite(name: string): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-test-sqlite-'));
  return {
    url: `sqlite:${join(folder, `${name}.sqlite`)}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function freshMariadb(name: string): Promise<FreshDatabase> {
  const execute = async (sql: string) => {
    const connection = await createConnection(mariadbUrl());
    try {
      await connection.query(sql);
    } finally {
      await connection.end();
    }
  };
  await execute(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  return { url: withDatabase(mariadbUrl(), name), drop: () => execute(`DROP DATABASE IF EXISTS ${name}`) };
}

async function freshPostgres(name: string): Promise<FreshDatabase> {
  const server = postgresUrl();
  if (server === undefined) throw new Error('This run has no PostgreSQL; ask databaseKinds() first.');
  const execute = async (sql: string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await execute(`CREATE DATABASE ${name}`);
  // FORCE ends what a failed test left connected, so that one failure does not leave a database behind.
  return { url: withDatabase(server, name), drop: () => execute(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

function withDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** A prefix for the Redis keys of one test, so that no two meet. */
export function freshKeyPrefix(): string {
  return `oauth2-test:${randomBytes(6).toString('hex')}:`;
}

/** Removes all keys that begin with a prefix. */
export async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 3 });
  try {
    const pattern = `${prefix.replace(/[*?[\]\\]/g, '\\$&')}*`;
    for await (const keys of redis.scanStream({ match: pattern, count: 1_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
  } finally {
    redis.disconnect();
  }
}
