/**
 * `npm run bench:growth`: what each operation costs against the number of tokens in the database, as ratios to the smallest
 * size of the same run, and what is needed per token, so that sizes beyond can be computed.
 *
 *   npm run bench:growth -- [--rows 1e4,1e5,1e6] [--database mariadb,postgres]
 *     [--parts sizes,plans,caches,replica,revocation] [--beside 'what else the machine did'] [--write]
 *
 * It makes databases and keys of its own and removes them, on the servers of this machine or those of MARIADB_URL,
 * POSTGRES_URL and REDIS_URL; for a replica it starts servers of its own. `--write` keeps the figures in results/growth.json,
 * beside those of other sizes there, and draws docs/operations/*.svg and the tables of docs/operations/sizing.md. Plans are kept
 * in results/growth-plans.json.
 */
import 'reflect-metadata';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { measureCaches } from './growth/caches.mjs';
import { measureClearing } from './growth/clearing.mjs';
import { openDatabase } from './growth/databases.mjs';
import { measureDeletion } from './growth/deletion.mjs';
import { measureOperations } from './growth/operations.mjs';
import { collectPlans } from './growth/plans.mjs';
import { keep, keepPlans, publish } from './growth/publish.mjs';
import { measureReplica } from './growth/replicas.mjs';
import { measureRevocations } from './growth/revocations.mjs';
import { seed, shapeOf } from './growth/seed.mjs';
import { withFreshDatabase } from './lib/fresh-database.mjs';

const SERVERS = {
  mariadb: process.env.MARIADB_URL ?? 'mysql://root@127.0.0.1:3306',
  postgres: process.env.POSTGRES_URL ?? 'postgres://root@127.0.0.1:5432/postgres',
};
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const CACHED_TOKENS = [1e3, 1e4, 1e5, 1e6];
const REPLICATED_ROWS = 1e6;
const TABLES = ['oauth2_access_tokens', 'oauth2_refresh_tokens', 'oauth2_server_records'];

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1e4,1e5,1e6' },
    database: { type: 'string', default: 'mariadb,postgres' },
    parts: { type: 'string', default: 'sizes,plans,caches,replica,revocation' },
    beside: { type: 'string', default: 'nothing else' },
    write: { type: 'boolean', default: false },
  },
});

async function eachSize(measure) {
  for (const kind of values.database.split(',')) {
    for (const rows of values.rows.split(',').map(Number)) await measure(kind, rows);
  }
}

async function withSeeded(kind, rows, use) {
  await withFreshDatabase(SERVERS[kind], async (url) => {
    const oauth2 = createOAuth2({ database: url });
    await oauth2.migrate();
    await oauth2.close();
    const database = openDatabase(kind, url);
    try {
      const begin = performance.now();
      await seed(database, rows);
      const seconds = (performance.now() - begin) / 1000;
      console.log(`${kind}, ${rows} rows: filled in ${seconds.toFixed(0)} s`);
      await use(database, url, seconds);
    } finally {
      await database.close();
    }
  });
}

const machine = () => ({
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
  date: new Date().toISOString().slice(0, 10),
  beside: values.beside,
});

const parts = values.parts.split(',');
const found = { sizes: [] };
if (parts.includes('sizes')) {
  await eachSize(async (kind, rows) => {
    await withSeeded(kind, rows, async (database, url, seedSeconds) => {
      const size = { kind, rows, machine: machine(), server: await database.description(), seedSeconds };
      size.bytes = await database.bytes(TABLES);
      size.operations = await measureOperations(database, url, rows);
      size.clearing = await measureClearing(database, url, rows);
      size.deletion = await measureDeletion(url, shapeOf(rows));
      found.sizes.push(size);
      console.log(`${kind}, ${rows} rows: ${JSON.stringify(size, undefined, 1)}`);
      if (values.write) await keep({ sizes: [size] });
    });
  });
}
if (parts.includes('plans')) {
  await eachSize(async (kind, rows) => {
    await withSeeded(kind, rows, async (database, url) => {
      const plans = await collectPlans(database, url, rows);
      console.log(`${kind}, ${rows} rows: the plans of ${Object.keys(plans).length} statements`);
      if (values.write) await keepPlans(kind, rows, plans);
    });
  });
}
if (parts.includes('caches')) {
  const rows = 3 * Math.max(...CACHED_TOKENS);
  await withSeeded('mariadb', rows, async (_database, url) => {
    const firstLive = shapeOf(rows).expired / 2 + 1;
    found.caches = { machine: machine(), rows: await measureCaches(url, REDIS_URL, CACHED_TOKENS, firstLive) };
  });
  console.log(JSON.stringify(found.caches));
}
if (parts.includes('replica')) {
  found.replicas = { machine: machine(), rows: [] };
  for (const kind of values.database.split(',')) {
    const measured = await measureReplica(kind, REPLICATED_ROWS);
    console.log(`${kind} with a replica: ${JSON.stringify(measured, undefined, 1)}`);
    found.replicas.rows.push(measured);
  }
}
if (parts.includes('revocation')) {
  await withSeeded('mariadb', 10_000, async (_database, url) => {
    found.revocation = { machine: machine(), rows: await measureRevocations(url, REDIS_URL, [2, 4, 8]) };
  });
  console.log(JSON.stringify(found.revocation));
}
if (values.write) {
  await keep(found);
  await publish();
}
