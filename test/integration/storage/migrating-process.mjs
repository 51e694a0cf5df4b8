// node migrating-process.mjs <url> <migrate|rollback> <n>: kills itself after the n-th statement that changes the schema.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [url, verb, n] = process.argv.slice(2);
// Not the whole of the storage: there are many of these processes.
const load = (module) => import(pathToFileURL(resolve('dist/storage', module)).href);
const { openDatabase } = await load('database.js');
const migrations = await load('migrations/migrate.js');
const { knex } = openDatabase(url);
let done = 0;
knex.on('query-response', (_response, { sql }) => {
  if (!/^\s*(create|alter|drop)\b/i.test(sql)) return;
  done += 1;
  if (done === Number(n)) process.kill(process.pid, 'SIGKILL');
});
await migrations[verb](knex);
await knex.destroy();
