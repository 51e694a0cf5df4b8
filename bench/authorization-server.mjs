/**
 * `npm run bench:authorization-server`: what the authorization server costs, as ratios taken in one run on one machine.
 * A mode and its baseline each run in a process of their own, both warm, on one MariaDB or MySQL (DATABASE_URL, default
 * mysql://root@127.0.0.1:3306). They take turns in short slices, so that whatever else the machine does meets both
 * alike; the ratio is the median over all pairs of slices. Then both are started anew, since no two processes are
 * compiled alike.
 *
 * The baseline is oidc-provider alone with a minimal adapter: secrets and tokens in the clear, no throttle, no budget of
 * failed authentications, no events.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import mysql from 'mysql2/promise';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { fillTokens, tokenAt } from './authorization-server/many-tokens.mjs';
import { pin, startServer } from './authorization-server/measured-server.mjs';
import { postRequest } from './lib/load.mjs';
import { summaryOf } from './lib/summary.mjs';

const GENERATIONS = Number(process.env.BENCH_GENERATIONS ?? 3);
const PAIRS = Number(process.env.BENCH_PAIRS ?? 40);
/** Short, because a shared machine changes its speed several times a second. */
const SLICE_MILLISECONDS = Number(process.env.BENCH_MILLISECONDS ?? 250);
/** At a thousand requests per second it takes several thousand until everything is compiled. */
const WARM_UP_MILLISECONDS = Number(process.env.BENCH_WARM_UP_MILLISECONDS ?? 10_000);
const FEW = 1_000;
const MANY = Number(process.env.BENCH_TOKENS ?? 1_000_000);
const ADMIN_URL = process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306';

const ours = (kind, tokens = 'few') => ({ server: 'ours', kind, tokens });
const bare = (kind) => ({ server: 'bare', kind, tokens: 'few' });
const many = MANY.toLocaleString('en');

const COMPARISONS = [
  {
    name: 'client_credentials / bare oidc-provider',
    mode: ours('issue'),
    baseline: bare('issue'),
    atLeast: 0.9,
  },
  {
    name: 'introspection of a warm token / client_credentials of bare oidc-provider',
    mode: ours('introspect'),
    baseline: bare('issue'),
    atLeast: 5,
  },
  {
    name: `client_credentials, ${many} tokens in the table / ${FEW}`,
    mode: ours('issue', 'many'),
    baseline: ours('issue'),
  },
  {
    name: `introspection of tokens at random, ${many} in the table / ${FEW}`,
    mode: ours('introspect any', 'many'),
    baseline: ours('introspect any'),
  },
];

const encryptionKey = randomBytes(32).toString('base64url');
const databases = { few: `rco_bench_as_${process.pid}_few`, many: `rco_bench_as_${process.pid}_many` };
const count = { few: FEW, many: MANY };

function urlOf(name) {
  const url = new URL(ADMIN_URL);
  url.pathname = `/${name}`;
  return url.href;
}

/** Creates the databases that the comparisons need, each with its application and its tokens, and removes them again. */
async function withDatabases(comparisons, work) {
  const admin = await mysql.createConnection(ADMIN_URL);
  const needed = new Set(comparisons.flatMap(({ mode, baseline }) => [mode.tokens, baseline.tokens]));
  const clients = {};
  try {
    for (const size of needed) {
      await admin.query(`CREATE DATABASE ${databases[size]} CHARACTER SET utf8mb4`);
      clients[size] = await prepare(urlOf(databases[size]), count[size]);
    }
    return await work(clients);
  } finally {
    for (const size of needed) await admin.query(`DROP DATABASE IF EXISTS ${databases[size]}`);
    await admin.end();
  }
}

async function prepare(database, tokens) {
  const oauth2 = createOAuth2({ database });
  await oauth2.migrate();
  const { application, clientSecret } = await oauth2.applications.create({
    name: 'bench',
    grantTypes: ['client_credentials'],
  });
  await oauth2.close();
  const connection = await mysql.createConnection(database);
  const started = performance.now();
  await fillTokens(connection, application.clientId, tokens);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${tokens.toLocaleString('en')} tokens stored in ${seconds} s`);
  await connection.end();
  return { clientId: application.clientId, clientSecret };
}

/** Starts one side of a comparison in a process of its own. */
async function start({ server, kind, tokens }, clients) {
  const database = urlOf(databases[tokens]);
  const running = await startServer({ mode: server, database, encryptionKey, client: clients[tokens] });
  // Any request that oidc-provider handles: from then on its per-request storage slightly slows down every promise.
  await fetch(`http://127.0.0.1:${running.port}/.well-known/openid-configuration`);
  const requestOf = await requests(running, kind, server === 'ours' ? '/oauth2' : '', count[tokens]);
  await running.open(requestOf, WARM_UP_MILLISECONDS);
  return { slice: () => running.slice(SLICE_MILLISECONDS), stop: running.stop };
}

async function requests({ port, client }, kind, prefix, tokens) {
  const introspect = (token) => postRequest(`${prefix}${INTROSPECTION[prefix]}`, { token }, client);
  const issue = postRequest(`${prefix}/token`, { grant_type: 'client_credentials', scope: 'api' }, client);
  if (kind === 'issue') return () => issue;
  if (kind === 'introspect') {
    const warm = introspect(await issueOne(port, prefix, client));
    return () => warm;
  }
  // The even ones are valid; a large odd step visits all of them in an order that does not favour an index.
  return (connection, sent) => introspect(tokenAt((((connection * 7919 + sent) * 611_953) % (tokens / 2)) * 2));
}

const INTROSPECTION = { '/oauth2': '/introspect', '': '/token/introspection' };

async function issueOne(port, prefix, { clientId, clientSecret }) {
  const response = await fetch(`http://127.0.0.1:${port}${prefix}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'api' }),
  });
  const { access_token: token } = await response.json();
  if (token === undefined) throw new Error(`No token: ${response.status}`);
  return token;
}

async function compare({ name, mode, baseline, atLeast }, clients) {
  const rounds = [];
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const servers = { mode: await start(mode, clients), baseline: await start(baseline, clients) };
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const taken = {};
      for (const which of pair % 2 === 0 ? ['mode', 'baseline'] : ['baseline', 'mode']) {
        taken[which] = await servers[which].slice();
      }
      rounds.push(taken);
    }
    await servers.mode.stop();
    await servers.baseline.stop();
  }
  return { name, ...summaryOf(rounds, atLeast) };
}

async function machine() {
  const admin = await mysql.createConnection(ADMIN_URL);
  const [[{ version }]] = await admin.query('SELECT VERSION() AS version');
  const [[{ pool }]] = await admin.query('SELECT @@innodb_buffer_pool_size AS pool');
  await admin.end();
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    database: version,
    bufferPoolMiB: Math.round(Number(pool) / 2 ** 20),
    date: new Date().toISOString(),
    generations: GENERATIONS,
    pairsPerGeneration: PAIRS,
    millisecondsToWarmUp: WARM_UP_MILLISECONDS,
    millisecondsPerSlice: SLICE_MILLISECONDS,
    pinned,
  };
}

function row(result) {
  const reached = result.reached ? 'reached' : 'MISSED';
  return [
    result.name,
    `${result.ratio.toFixed(3)} (${result.lowQuartile.toFixed(2)}-${result.highQuartile.toFixed(2)})`,
    result.atLeast === undefined ? '' : `>= ${result.atLeast} ${reached}`,
    `${Math.round(result.perSecond)} / ${Math.round(result.baselinePerSecond)}`,
    `${result.cpuMicrosecondsPerRequest.toFixed(0)} / ${result.baselineCpuMicrosecondsPerRequest.toFixed(0)}`,
    `${result.p50Milliseconds.toFixed(1)} / ${result.baselineP50Milliseconds.toFixed(1)}`,
  ];
}

const pinned = cpus().length > 1 && pin(process.pid, 1);
const only = process.argv[2];
const chosen = COMPARISONS.filter(({ name }) => only === undefined || name.includes(only));

await withDatabases(chosen, async (clients) => {
  const results = [];
  for (const comparison of chosen) {
    const result = await compare(comparison, clients);
    results.push(result);
    console.log(row(result).join(' | '));
  }
  const header = ['mode / baseline', 'ratio (quartiles)', 'target', 'requests/s', 'server CPU us/request', 'p50 ms'];
  console.log(`\n| ${header.join(' | ')} |\n|${header.map(() => '---').join('|')}|`);
  for (const result of results) console.log(`| ${row(result).join(' | ')} |`);
  const about = await machine();
  console.log(`\n${about.processor}, ${about.cores} cores, Node ${about.node}, database ${about.database}`);
  if (only === undefined) {
    mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
    writeFileSync(
      new URL('./results/authorization-server.json', import.meta.url),
      `${JSON.stringify({ machine: about, results }, null, 2)}\n`,
    );
  }
  if (results.some((result) => !result.reached)) process.exitCode = 1;
});
