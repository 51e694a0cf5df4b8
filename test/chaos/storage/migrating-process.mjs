// Reads "<url> <migrate|rollback> <n>" from its input: kills itself after the n-th statement that changes the schema.

import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

// Not the whole of the storage: there are many of these processes.
const load = (module) => import(pathToFileURL(resolve('dist/storage', module)).href);
const { openDatabase } = await load('database.js');
const migrations = await load('migrations/migrate-and-rollback.js');
// It is started before there is something to do, so that nobody waits until it has loaded.
const [url, verb, n] = (await text(process.stdin)).split(' ');
if (url === '') process.exit(0);
const { knex } = openDatabase(url);
let done = 0;
knex.on('query-response', (_response, { sql }) => {
  if (!/^\s*(create|alter|drop)\b/i.test(sql)) return;
  done += 1;
  if (done === Number(n)) process.kill(process.pid, 'SIGKILL');
});
await migrations[verb](knex);
await knex.destroy();
