import { randomBytes } from 'node:crypto';
import createKnex from 'knex';

/** Runs `use` with the URL of a database of its own on a server, or of the SQLite file itself, and drops it afterwards. */
export async function withFreshDatabase(url, use) {
  if (url.startsWith('sqlite:')) return use(url);
  const name = `oauth2_bench_${randomBytes(6).toString('hex')}`;
  const server = createKnex({ client: url.startsWith('mysql') ? 'mysql2' : 'pg', connection: url });
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  try {
    await server.raw(`CREATE DATABASE ${name}`);
    return await use(fresh.href);
  } finally {
    await server.raw(`DROP DATABASE IF EXISTS ${name}${url.startsWith('mysql') ? '' : ' WITH (FORCE)'}`);
    await server.destroy();
  }
}
