/**
 * Measures how long a public action takes during `tokens.clearExpired()`: requests arrive at a steady rate, whether or
 * not earlier ones have been answered, so that a blocked server becomes visible.
 *
 * node bench/clear-expired.mjs [rows] [database URL …]   (default: 400000, SQLite, MariaDB and PostgreSQL of this
 * machine)
 */
import 'reflect-metadata';
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Get, JsonController } from 'routing-controllers';
import { fillExpired } from './lib/expired-rows.mjs';
import { withFreshDatabase } from './lib/fresh-database.mjs';

const EVERY_MILLISECONDS = 5;

if (process.send === undefined) await measureAll();
else await serve(process.argv[2], Number(process.argv[3]));

async function measureAll() {
  const [rows = '400000', ...urls] = process.argv.slice(2);
  const folder = await mkdtemp(join(tmpdir(), 'oauth2-bench-'));
  const databases =
    urls.length > 0
      ? urls
      : [
          `sqlite:${join(folder, 'bench.sqlite')}`,
          'mysql://root@127.0.0.1:3306',
          'postgres://root@127.0.0.1:5432/postgres',
        ];
  console.log('| database | rows | seconds | rows/s | p50 ms | p99 ms | longest ms | p99 ms without clearing |');
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const url of databases) {
    await withFreshDatabase(url, async (fresh) => console.log(await measure(fresh, Number(rows))));
  }
  await rm(folder, { recursive: true, force: true });
}

async function measure(url, rows) {
  const child = fork(fileURLToPath(import.meta.url), [url, String(rows)]);
  const told = () => new Promise((resolve) => child.once('message', resolve));
  const { port } = await told();
  const quiet = await requestsUntil(port, new Promise((resolve) => setTimeout(resolve, 3_000)));
  const cleared = told();
  child.send('clear');
  const beside = await requestsUntil(port, cleared);
  const { seconds, total } = await cleared;
  child.kill();
  const share = (list, part) => list[Math.min(list.length - 1, Math.floor(list.length * part))].toFixed(1);
  return `| ${new URL(url).protocol.slice(0, -1)} | ${total} | ${seconds.toFixed(1)} | ${Math.round(total / seconds)} | ${share(beside, 0.5)} | ${share(beside, 0.99)} | ${share(beside, 1)} | ${share(quiet, 0.99)} |`;
}

async function requestsUntil(port, end) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const latencies = [];
  const pending = [];
  const timer = setInterval(
    () => pending.push(request(port, agent).then((took) => latencies.push(took))),
    EVERY_MILLISECONDS,
  );
  await end;
  clearInterval(timer);
  await Promise.all(pending);
  agent.destroy();
  return latencies.sort((left, right) => left - right);
}

function request(port, agent) {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/open', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(performance.now() - begin));
    }).on('error', reject);
  });
}

async function serve(database, rows) {
  const { createOAuth2, Public } = await import('routing-controllers-oauth2');
  class Open {
    list() {
      return { books: 3 };
    }
  }
  Get()(Open.prototype, 'list', Object.getOwnPropertyDescriptor(Open.prototype, 'list'));
  Public()(Open.prototype, 'list', Object.getOwnPropertyDescriptor(Open.prototype, 'list'));
  JsonController('/open')(Open);
  const oauth2 = createOAuth2({ database });
  await oauth2.migrate();
  await fillExpired(oauth2.knex, rows);
  const server = createServer(oauth2.createKoaServer({ controllers: [Open] }).callback());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.on('message', async () => {
    const begin = performance.now();
    const { total } = await oauth2.tokens.clearExpired();
    process.send({ seconds: (performance.now() - begin) / 1000, total });
  });
  process.send({ port: server.address().port });
}
