/** A throw-away server of each database and a replica of it, on free ports of this machine. */
import createKnex from 'knex';
import { fromTypeScript } from '../lib/from-typescript.mjs';

const { startMariadb } = await fromTypeScript(new URL('../../test/support/mariadb-process.ts', import.meta.url));
const { startPostgres } = await fromTypeScript(new URL('../../test/support/postgres-process.ts', import.meta.url));

const NAME = 'replicated';
const MARIADB_SETTINGS = [
  '--innodb-buffer-pool-size=1G',
  '--innodb-log-file-size=512M',
  '--innodb-flush-log-at-trx-commit=2',
];
const POSTGRES_SETTINGS = ['shared_buffers=1GB', 'max_wal_size=4GB'];

/**
 * Starts a server with an empty database, has `fill` fill it, and then gives `use` the URLs of the database and of its replica.
 * Both servers are removed afterwards.
 */
export function withReplica(kind, fill, use) {
  return kind === 'mariadb' ? onMariadb(fill, use) : onPostgres(fill, use);
}

async function onMariadb(fill, use) {
  const start = (id, ...more) => startMariadb([...MARIADB_SETTINGS, `--server-id=${id}`, ...more]);
  const primary = await start(1, '--log-bin=changes');
  const replica = await start(2).catch(async (error) => {
    await primary.stop();
    throw error;
  });
  const urlOf = ({ url }) => `${url}/${NAME}`;
  try {
    await execute('mysql2', primary.url, [`CREATE DATABASE ${NAME} CHARACTER SET utf8mb4`]);
    await execute('mysql2', replica.url, [
      `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${primary.port}, MASTER_USER='root', MASTER_USE_GTID=slave_pos`,
      'START SLAVE',
    ]);
    await fill(urlOf(primary));
    return await use({ primary: urlOf(primary), replica: urlOf(replica) });
  } finally {
    await Promise.all([replica.stop(), primary.stop()]);
  }
}

async function onPostgres(fill, use) {
  const primary = await startPostgres({ settings: POSTGRES_SETTINGS });
  const urlOf = ({ port }) => `postgres://postgres@127.0.0.1:${port}/${NAME}`;
  let replica;
  try {
    await execute('pg', primary.url, [`CREATE DATABASE ${NAME}`]);
    await fill(urlOf(primary));
    // A copy of what is there, which then repeats what comes.
    replica = await startPostgres({ settings: POSTGRES_SETTINGS, replicaOf: primary });
    return await use({ primary: urlOf(primary), replica: urlOf(replica) });
  } finally {
    await Promise.all([replica?.stop(), primary.stop()]);
  }
}

async function execute(client, connection, statements) {
  const knex = createKnex({ client, connection });
  try {
    for (const sql of statements) await knex.raw(sql);
  } finally {
    await knex.destroy();
  }
}
