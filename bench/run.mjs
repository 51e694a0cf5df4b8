/**
 * `npm run bench`: what guards and throttles cost, as ratios taken in one run on one machine. A mode and its baseline
 * serve the same routing-controllers action, each from a process of its own, both warm, on connections that stay open.
 * They take turns in short slices, so that whatever else the machine does meets both alike; the ratio is the median
 * over all pairs of slices. Then both are started anew, since no two processes are compiled alike.
 *
 * It needs a MariaDB or MySQL (DATABASE_URL, default mysql://root@127.0.0.1:3306) and a Redis (REDIS_URL, default
 * redis://127.0.0.1:6379), on which it makes a database and keys of its own and removes them.
 */
import { fork, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import mysql from 'mysql2/promise';
import { createOAuth2 } from 'routing-controllers-oauth2';
import { newProofKey } from './lib/dpop-requests.mjs';
import { countForgedTokens } from './lib/forged-tokens.mjs';
import { compareJwtTokens } from './lib/jwt-tokens.mjs';
import { getRequest, openLoad, warmUp } from './lib/load.mjs';
import { median, summaryOf } from './lib/summary.mjs';

const GENERATIONS = Number(process.env.BENCH_GENERATIONS ?? 3);
const PAIRS = Number(process.env.BENCH_PAIRS ?? 60);
/** Short, because a shared machine changes its speed several times a second. */
const SLICE_MILLISECONDS = Number(process.env.BENCH_MILLISECONDS ?? 120);
/** A server has been idle for one slice when the next one starts. */
const RAMP_MILLISECONDS = 40;
const WARM_UP_MILLISECONDS = 6000;
const CONNECTIONS = 64;
/** So many that none is presented again while it is cached: each once in seconds. */
const COLD_TOKENS = 60_000;
const ADMIN_URL = process.env.DATABASE_URL ?? 'mysql://root@127.0.0.1:3306';
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

const COMPARISONS = [
  // The savings of our entry itself, so that they are not attributed to a guard.
  { mode: 'public', baseline: 'unguarded' },
  { mode: 'guarded', baseline: 'unguarded' },
  // Warm, where a token comes from makes no difference.
  { mode: 'guarded, introspected', baseline: 'guarded', atLeast: 0.95 },
  { mode: 'guarded, three verifiers', baseline: 'guarded', atLeast: 0.97 },
  // Each request has a proof of its own, whose signature is verified.
  { mode: 'guarded, DPoP', baseline: 'guarded', proves: true },
  // With a subscriber of events, Prometheus, OpenTelemetry and structured logs; the SDK and the span of a request are not of this package.
  { mode: 'guarded, observed', baseline: 'guarded, with an SDK', atLeast: 0.95 },
  { mode: 'guarded, observed, in a span', baseline: 'guarded, in a span', atLeast: 0.95 },
  { mode: 'guarded, throttled in memory', baseline: 'unguarded', atLeast: 0.9 },
  { mode: 'guarded, throttled on Redis, one policy', baseline: 'unguarded', atLeast: 0.6, redis: true },
  { mode: 'guarded, throttled on Redis, two policies', baseline: 'unguarded', atLeast: 0.6, redis: true },
  // A storm of refusals costs less than the answers that it does not get. At the defaults most bad tokens are 429, since their
  // address is soon over its budget of failures; without that budget all of them are 401.
  {
    mode: 'refused: no token',
    baseline: 'guarded, at the defaults',
    atLeast: 1.2,
    presents: 'nothing',
    statuses: [401],
  },
  {
    mode: 'refused: forged token',
    baseline: 'guarded, at the defaults',
    atLeast: 1.2,
    presents: 'forged',
    statuses: [401, 429],
  },
  {
    mode: 'refused: unknown token',
    baseline: 'guarded, at the defaults',
    atLeast: 1.2,
    presents: 'unknown',
    statuses: [401, 429],
  },
  { mode: 'refused: forged token, no budget', baseline: 'guarded', presents: 'forged', statuses: [401] },
  { mode: 'refused: scope', baseline: 'guarded, at the defaults', atLeast: 1.2, presents: 'other', statuses: [403] },
  {
    mode: 'refused: over the limit',
    baseline: 'guarded, throttled in memory',
    atLeast: 1.2,
    presents: 'good',
    statuses: [200, 429],
  },
  { mode: 'cold token', baseline: 'raw mysql2 look-up', atLeast: 1, cold: true },
  // At the default age of 30 s a run would find its own tokens in Redis.
  {
    mode: 'cold token, with Redis (cache.maxAgeSeconds: 1)',
    baseline: 'cold token',
    atLeast: 0.9,
    cold: true,
    redis: true,
  },
];

const name = `rco_bench_${process.pid}_${Date.now().toString(36)}`;
const databaseUrl = new URL(ADMIN_URL);
databaseUrl.pathname = `/${name}`;
const keyPrefix = `${name}:`;
const PUBLIC_URL = 'https://api.example';
const proofKey = newProofKey();
const redis = new Redis(REDIS_URL);

async function withDatabase(work) {
  const admin = await mysql.createConnection(ADMIN_URL);
  await admin.query(`CREATE DATABASE ${name}`);
  try {
    return await work();
  } finally {
    await admin.query(`DROP DATABASE ${name}`);
    await admin.end();
    const keys = await redis.keys(`${keyPrefix}*`);
    if (keys.length > 0) await redis.unlink(...keys);
    redis.disconnect();
  }
}

async function prepareTokens() {
  const oauth2 = createOAuth2({ database: databaseUrl.href });
  await oauth2.migrate();
  const { application } = await oauth2.applications.create({ name: 'bench', grantTypes: ['client_credentials'] });
  const tokens = [];
  for (let batch = 0; batch < COLD_TOKENS / 500; batch += 1) {
    const issued = await Promise.all(
      Array.from({ length: 500 }, () => oauth2.tokens.issue({ application, scope: 'api' })),
    );
    tokens.push(...issued.map((one) => one.access_token));
  }
  const { model, access_token: bound } = await oauth2.tokens.issue({ application, scope: 'api' });
  await model.$query(oauth2.knex).patch({ payload: JSON.stringify({ jkt: proofKey.jkt }) });
  const other = (await oauth2.tokens.issue({ application, scope: 'other' })).access_token;
  const unknown = [];
  for (let count = 0; count < 1_000; count += 1) {
    const issued = await oauth2.tokens.issue({ application, scope: 'gone' });
    unknown.push(issued.access_token);
    await issued.model.$query(oauth2.knex).delete();
  }
  await oauth2.close();
  return { tokens, bound, other, unknown };
}

/** Pins a process to one core if the system can; a process that moves between cores distorts the measurement. */
function pin(pid, core) {
  return spawnSync('taskset', ['-acp', String(core), String(pid)]).status === 0;
}

function startServer(mode) {
  const settings = JSON.stringify({
    mode,
    database: databaseUrl.href,
    redis: REDIS_URL,
    keyPrefix,
    publicUrl: PUBLIC_URL,
  });
  const child = fork(new URL('./server.mjs', import.meta.url), [settings], {
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const next = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`The server of "${mode}" ended with ${code}.`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  return { child, next };
}

/** Starts a mode in a process of its own, warm. */
async function start({ mode, cold, proves, presents, statuses }, prepared) {
  const { tokens, bound } = prepared;
  const { child, next } = startServer(mode);
  const { port } = await next();
  pin(child.pid, 0);
  const requestOf = requestsOf();
  const load = await openLoad({ port, connections: CONNECTIONS, requestOf, statuses });
  await warmUp(load, { port, requestOf, statuses }, WARM_UP_MILLISECONDS);

  function requestsOf() {
    if (presents !== undefined) return refusedRequests(presents, prepared);
    return proves ? provenRequests(bound) : cold ? coldRequests(tokens) : warmRequests(tokens[0]);
  }

  return {
    async slice() {
      child.send('start');
      const before = await scriptCalls();
      const result = await load.slice(SLICE_MILLISECONDS, RAMP_MILLISECONDS);
      const scripts = (await scriptCalls()) - before;
      child.send('stop');
      const { cpuMicroseconds } = await next();
      if (result.failures > 0) throw new Error(`${result.failures} requests of "${mode}" failed.`);
      return {
        ...result,
        cpuMicrosecondsPerRequest: cpuMicroseconds / result.answered,
        redisScriptsPerRequest: scripts / result.answered,
      };
    },
    async stop() {
      load.close();
      const closed = new Promise((resolve) => child.once('exit', resolve));
      child.send('close');
      await closed;
    },
  };
}

function warmRequests(token) {
  const request = getRequest('/hello', token);
  return () => request;
}

/** Requests that are refused; with bad tokens, each has one of its own. */
function refusedRequests(presents, { tokens, other, unknown }) {
  const forged = () => Array.from({ length: 5_000 }, () => `rco_${randomBytes(39).toString('base64url').slice(0, 51)}`);
  const presented = { nothing: [undefined], good: [tokens[0]], other: [other], unknown, forged: forged() }[presents];
  const requests = presented.map((token) => getRequest('/hello', token));
  let next = 0;
  return () => requests[next++ % requests.length];
}

/** Signed when they are sent, on the core of the load. */
function provenRequests(token) {
  return () => proofKey.requestOf('/hello', token, `${PUBLIC_URL}/hello`);
}

/** No two connections use the same token at once, and none uses a token twice while it is cached. */
function coldRequests(tokens) {
  const requests = tokens.map((token) => getRequest('/hello', token));
  const share = Math.floor(requests.length / CONNECTIONS);
  return (connection, count) => requests[connection * share + (count % share)];
}

async function scriptCalls() {
  const stats = await redis.info('commandstats');
  return [...stats.matchAll(/cmdstat_(?:eval|evalsha):calls=(\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
}

async function compare(comparison, tokens) {
  const rounds = [];
  for (let generation = 0; generation < GENERATIONS; generation += 1) {
    const servers = {
      mode: await start(comparison, tokens),
      baseline: await start({ mode: comparison.baseline, cold: comparison.cold }, tokens),
    };
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
  return {
    mode: comparison.mode,
    baseline: comparison.baseline,
    ...summaryOf(rounds, comparison.atLeast),
    redisScriptsPerRequest: comparison.redis
      ? median(rounds.map(({ mode }) => mode.redisScriptsPerRequest))
      : undefined,
  };
}

async function machine() {
  const admin = await mysql.createConnection(ADMIN_URL);
  const [[{ version }]] = await admin.query('SELECT VERSION() AS version');
  await admin.end();
  const redisVersion = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1];
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    database: version,
    redis: redisVersion,
    date: new Date().toISOString(),
    generations: GENERATIONS,
    pairsPerGeneration: PAIRS,
    millisecondsPerSlice: SLICE_MILLISECONDS,
    connections: CONNECTIONS,
    pinned,
  };
}

function row(result) {
  const target =
    result.atLeast === undefined ? '' : `>= ${result.atLeast.toFixed(2)} ${result.reached ? 'reached' : 'MISSED'}`;
  const scripts = result.redisScriptsPerRequest === undefined ? '' : result.redisScriptsPerRequest.toFixed(3);
  return [
    result.mode,
    result.baseline,
    `${result.ratio.toFixed(3)} (${result.lowQuartile.toFixed(2)}-${result.highQuartile.toFixed(2)})`,
    target,
    `${Math.round(result.perSecond)} / ${Math.round(result.baselinePerSecond)}`,
    `${result.cpuMicrosecondsPerRequest.toFixed(1)} / ${result.baselineCpuMicrosecondsPerRequest.toFixed(1)}`,
    scripts,
  ];
}

const pinned = cpus().length > 1 && pin(process.pid, 1);

await withDatabase(async () => {
  const tokens = await prepareTokens();
  const results = [];
  const only = process.argv[2];
  for (const comparison of COMPARISONS) {
    if (only !== undefined && !comparison.mode.includes(only)) continue;
    const result = await compare(comparison, tokens);
    results.push(result);
    console.log(row(result).join(' | '));
  }
  const forgedTokens =
    only === undefined || 'forged'.includes(only)
      ? [await countForgedTokens({ database: databaseUrl.href, redis, redisUrl: REDIS_URL, keyPrefix })]
      : [];
  const jwtTokens = only === undefined || 'jwt'.includes(only) ? await compareJwtTokens() : [];
  const header = [
    'mode',
    'baseline',
    'ratio (quartiles)',
    'target',
    'requests/s',
    'server CPU us/request',
    'Redis scripts/request',
  ];
  console.log(`\n| ${header.join(' | ')} |\n|${header.map(() => '---').join('|')}|`);
  for (const result of results) console.log(`| ${row(result).join(' | ')} |`);
  for (const { algorithm, verifiedMicroseconds, cachedMicroseconds, ratio, atLeast, reached } of jwtTokens) {
    const [verified, cached] = [verifiedMicroseconds.toFixed(1), cachedMicroseconds.toFixed(2)];
    const target = `>= ${atLeast} ${reached ? 'reached' : 'MISSED'}`;
    console.log(
      `JWT (${algorithm}): verified ${verified} us, cached ${cached} us of CPU: ${ratio.toFixed(0)} times (${target})`,
    );
  }
  for (const { requests, databaseBytes, redisCommands, cpuMicroseconds, reached } of forgedTokens) {
    console.log(
      `${requests} forged tokens: ${databaseBytes} bytes to the database, ${redisCommands} commands to Redis, ${cpuMicroseconds.toFixed(1)} us of CPU each in tokens.verify (0 and 0: ${reached ? 'reached' : 'MISSED'})`,
    );
  }
  const about = await machine();
  console.log(
    `\n${about.processor}, ${about.cores} cores, Node ${about.node}, database ${about.database}, Redis ${about.redis}`,
  );
  if (only === undefined) {
    mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
    writeFileSync(
      new URL('./results/guards.json', import.meta.url),
      `${JSON.stringify({ machine: about, results, jwtTokens, forgedTokens }, null, 2)}\n`,
    );
  }
  if ([...results, ...jwtTokens, ...forgedTokens].some((result) => !result.reached)) process.exitCode = 1;
});
