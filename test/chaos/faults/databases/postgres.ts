import { test } from '@jest/globals';
import pg from 'pg';
import { postgresPrograms, startPostgres } from '../../../support/postgres-process.js';
import type { ChaosDatabase } from './database.js';
import { Lockers } from './lockers.js';

/** Has tests declared, or one that is skipped and says why. */
export function wherePostgresIs(name: string, declare: (name: string) => void): void {
  if (postgresPrograms() === undefined) {
    test.skip(`${name}: the programs postgres and initdb are not on this machine`, () => {});
  } else {
    declare(name);
  }
}

/** A PostgreSQL with a database `chaos` and a role `app`. */
export async function startChaosPostgres(): Promise<ChaosDatabase> {
  const server = await startPostgres();
  const open = async (database = 'chaos') => {
    const client = new pg.Client({ connectionString: `postgres://postgres@127.0.0.1:${server.port}/${database}` });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const asRoot = async <Result>(use: (client: pg.Client) => Promise<Result>, database?: string): Promise<Result> => {
    const client = await open(database);
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };
  const run = (...statements: string[]) =>
    asRoot(async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  await asRoot(async (client) => {
    await client.query('CREATE ROLE app LOGIN');
    await client.query('CREATE DATABASE chaos OWNER app');
    // The server looks for deadlocks only of those that have waited so long.
    await client.query("ALTER SYSTEM SET deadlock_timeout = '50ms'");
    await client.query('SELECT pg_reload_conf()');
  }, 'postgres');
  await run(
    'ALTER SCHEMA public OWNER TO app',
    'CREATE TABLE chaos_noise (id SERIAL PRIMARY KEY, note BYTEA)',
    'GRANT ALL ON chaos_noise TO app',
  );
  const KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
  const lockers = new Lockers();
  return {
    ...server,
    name: 'PostgreSQL',
    urlAt: (port) => `postgres://app@127.0.0.1:${port}/chaos`,
    killConnections: () => run(KILL),
    refuseConnections: () => run('ALTER ROLE app CONNECTION LIMIT 0', KILL),
    acceptConnections: () => run('ALTER ROLE app CONNECTION LIMIT -1'),
    setReadOnly: (readOnly) =>
      run(`ALTER SYSTEM SET default_transaction_read_only = ${readOnly ? 'on' : 'off'}`, 'SELECT pg_reload_conf()'),
    async startDeadlocks() {
      lockers.start(async () => {
        const client = await open();
        return { run: (sql) => client.query(sql), end: () => client.end() };
      });
    },
    stopDeadlocks: () => lockers.stop(),
    deadlocks: () =>
      asRoot(async (client) => {
        const { rows } = await client.query("SELECT deadlocks FROM pg_stat_database WHERE datname = 'chaos'");
        return Number(rows[0]?.deadlocks);
      }),
  };
}
