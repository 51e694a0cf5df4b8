/**
 * `npm run bench:throttle`: the engines of the throttle against each other, as ratios taken in one run on one machine.
 * The two sides of a ratio take turns, each in a process of its own; the ratio is the median over all rounds.
 *
 * It needs a Redis (REDIS_URL, default redis://127.0.0.1:6379), on which it makes keys of its own and removes them.
 * A whole run writes its figures and pictures into docs/throttling.md. Parts can be named, and are written to
 * results/throttle-part.json only: `node bench/throttle.mjs hot limit`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { Redis } from 'ioredis';
import { publish } from './throttle/draw.mjs';
import { overHttp } from './throttle/over-http.mjs';
import { median, runTask, startWorker } from './throttle/processes.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const MILLISECONDS = Number(process.env.BENCH_MILLISECONDS ?? 3000);
const REDIS_URL = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const MEMORY_KEYS = Number(process.env.BENCH_KEYS ?? 1_000_000);

const name = `rco_throttle_${process.pid}_${Date.now().toString(36)}`;
const redis = new Redis(REDIS_URL);
let runs = 0;
/** Every run has its own keys. */
const common = () => ({ redis: REDIS_URL, keyPrefix: `${name}:${runs++}:` });

async function removeKeys() {
  for await (const keys of redis.scanStream({ match: `${name}:*`, count: 10_000 })) {
    if (keys.length > 0) await redis.unlink(...keys);
  }
}

/** Commands that clients sent: scripts, not the commands inside them. */
async function scriptCalls() {
  const stats = await redis.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_(?:eval|evalsha):calls=(\d+)/g)];
  return calls.reduce((sum, match) => sum + Number(match[1]), 0);
}

async function hotOnce(engine) {
  const worker = startWorker({
    ...{ engine, task: 'hot', limit: 1_000_000_000, windowSeconds: 3600 },
    ...{ milliseconds: MILLISECONDS, warmUpMilliseconds: 1500, ...common() },
  });
  await worker.next();
  const before = await scriptCalls();
  worker.child.send('go');
  const result = await worker.next();
  const commands = (await scriptCalls()) - before;
  await worker.ended();
  return { ...result, commandsPerDecision: commands / result.asked };
}

/** Decisions per second on a hot key under its limit. */
async function hot() {
  const engines = ['leased', 'RateLimiterRedis', 'redis', 'rate-limiter-flexible', 'in memory'];
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const taken = {};
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) taken[engine] = await hotOnce(engine);
    rounds.push(taken);
  }
  const ratio = median(rounds.map((taken) => taken.leased.perSecond / taken.RateLimiterRedis.perSecond));
  const commands = median(rounds.map((taken) => taken.leased.commandsPerDecision));
  const perSecond = Object.fromEntries(
    engines.map((engine) => [engine, Math.round(median(rounds.map((taken) => taken[engine].perSecond)))]),
  );
  return {
    rows: [
      row('hot key, decisions per second, leased / RateLimiterRedis', ratio, '>= 10', ratio >= 10),
      row('hot key, Redis commands per decision, leased', commands, '<= 0.02', commands <= 0.02),
    ],
    details: { perSecond, rounds },
  };
}

async function cold() {
  const engines = ['leased', 'RateLimiterRedis'];
  const ratios = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const taken = {};
    for (const engine of round % 2 === 0 ? engines : [...engines].reverse()) {
      taken[engine] = await runTask({
        ...{ engine, task: 'cold', limit: 100, windowSeconds: 60, keys: 50_000, ...common() },
      });
    }
    ratios.push(taken.leased.perSecond / taken.RateLimiterRedis.perSecond);
    await removeKeys();
  }
  const ratio = median(ratios);
  return {
    rows: [row('cold keys, decisions per second, leased / RateLimiterRedis', ratio, '>= 1', ratio >= 1)],
    details: { ratios },
  };
}

const LIMIT = 2000;
const WINDOW_SECONDS = 2;
const WINDOWS = 4;

/**
 * Two processes at a limit, which is offered twice over; what both admitted in whole windows, against the engine that
 * asks each time. The count begins with the first admission, and ends in the refused part of a window.
 */
async function limit() {
  const admittedBy = async (engine, algorithm) => {
    const settings = {
      ...{ engine, algorithm, task: 'paced', limit: LIMIT, windowSeconds: WINDOW_SECONDS, ...common() },
      ...{ milliseconds: (WINDOWS + 1) * WINDOW_SECONDS * 1000, perSecond: LIMIT / WINDOW_SECONDS },
    };
    const both = await Promise.all([runTask(settings), runTask(settings)]);
    const times = both.flatMap(({ admittedAt }) => admittedAt).sort((left, right) => left - right);
    const end = times[0] + (WINDOWS - 0.25) * WINDOW_SECONDS * 1000;
    return times.filter((time) => time < end).length;
  };
  const rows = [];
  const details = {};
  for (const algorithm of ['fixed-window', 'sliding-window']) {
    const rounds = [];
    for (let round = 0; round < Math.max(1, Math.floor(ROUNDS / 2)); round += 1) {
      const leased = await admittedBy('leased', algorithm);
      const exact = await admittedBy('redis', algorithm);
      rounds.push({ leased, exact, ratio: leased / exact });
    }
    const ratio = median(rounds.map((one) => one.ratio));
    details[algorithm] = rounds;
    rows.push(
      row(
        `at the limit (${algorithm}), admissions, leased / exact`,
        ratio,
        '0.99 to 1.01',
        Math.abs(1 - ratio) <= 0.01,
      ),
    );
  }
  return { rows, details };
}

async function memory() {
  const of = (maxKeys) =>
    runTask(
      {
        ...{ engine: 'leased', task: 'memory', limit: 100, windowSeconds: 600, keys: MEMORY_KEYS, maxKeys },
        ...common(),
      },
      ['--expose-gc', '--max-old-space-size=4096'],
    );
  const all = await of(2 * MEMORY_KEYS);
  await removeKeys();
  const bounded = await of(100_000);
  await removeKeys();
  const bytes = all.bytes / all.held;
  return {
    rows: [
      row(`bytes of this process per key that it holds, ${all.held} keys`, bytes, 'told', true),
      row(
        `MiB of this process after ${bounded.keys} keys with room for 100,000`,
        bounded.bytes / 2 ** 20,
        'bounded',
        bounded.held <= 100_000,
      ),
    ],
    details: { all, bounded },
  };
}

/**
 * When requests are admitted around the boundary of a window: the first one opens it, the others come shortly before it
 * ends. For the pictures.
 */
async function edges() {
  const policy = { limit: 200, windowSeconds: 4 };
  const details = { ...policy, offeredPerSecond: 150, milliseconds: 9000 };
  for (const algorithm of ['fixed-window', 'sliding-window']) {
    const { admittedAt } = await runTask({
      ...{ engine: 'leased', task: 'paced', algorithm, ...policy, ...common() },
      ...{ silentMilliseconds: 2500, milliseconds: details.milliseconds - 2500, perSecond: details.offeredPerSecond },
    });
    details[algorithm] = admittedAt.map((time) => time - admittedAt[0]);
  }
  return { rows: [], details };
}

const http = () => overHttp({ rounds: ROUNDS, ...common() });

function row(what, value, target, reached) {
  return { what, value, target, reached };
}

const parts = { hot, cold, limit, memory, edges, http };
const chosen = process.argv.slice(2);
const results = {};
try {
  for (const [part, run] of Object.entries(parts)) {
    if (chosen.length > 0 && !chosen.includes(part)) continue;
    results[part] = await run();
    for (const { what, value, target, reached } of results[part].rows) {
      console.log(`${what} | ${value.toPrecision(4)} | ${target} | ${reached ? 'reached' : 'MISSED'}`);
    }
  }
} finally {
  await removeKeys();
}
const rows = Object.values(results).flatMap((result) => result.rows);
console.log(`\n| what | value | target | |\n|---|---|---|---|`);
for (const { what, value, target, reached } of rows) {
  console.log(`| ${what} | ${value.toPrecision(4)} | ${target} | ${reached ? 'reached' : 'MISSED'} |`);
}
const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  redis: /redis_version:(\S+)/.exec(await redis.info('server'))?.[1],
  date: new Date().toISOString(),
  rounds: ROUNDS,
  millisecondsPerRound: MILLISECONDS,
};
redis.disconnect();
mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
const report = { machine, rows, results };
const file = chosen.length === 0 ? 'throttle.json' : 'throttle-part.json';
writeFileSync(new URL(`./results/${file}`, import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
// Parts of different runs are not combined.
if (chosen.length === 0) publish(report);
if (rows.some(({ reached }) => !reached)) process.exitCode = 1;
