/**
 * One engine in a process of its own: `node bench/throttle/worker.mjs '{"engine": …, "task": …}'`; tells its parent what
 * it measured and ends.
 */
import { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import {
  leasedEngine,
  memoryEngine,
  rateLimiterFlexibleEngine,
  redisEngine,
} from 'routing-controllers-oauth2/throttling';

const settings = JSON.parse(process.argv[2]);
const { redis, keyPrefix } = settings;
const connections = [];

function connect() {
  const client = new Redis(redis, { enableAutoPipelining: true });
  connections.push(client);
  return client;
}

/** What the users of each engine would call for one request; returns whether it was admitted. */
const engines = {
  'in memory': () => ofEngine(memoryEngine()),
  leased: () => ofEngine(leasedEngine({ redis, keyPrefix, deadlineMilliseconds: 5000, maxKeys: settings.maxKeys })),
  redis: () => ofEngine(redisEngine({ redis, keyPrefix, deadlineMilliseconds: 5000 })),
  'rate-limiter-flexible': () => {
    const storeClient = connect();
    return ofEngine(
      rateLimiterFlexibleEngine(
        (points, duration, prefix) => new RateLimiterRedis({ storeClient, points, duration, keyPrefix: prefix }),
        { keyPrefix },
      ),
    );
  },
  /** The library itself, without our engine around it. */
  RateLimiterRedis: () => {
    const { limit, windowSeconds } = settings;
    const limiter = new RateLimiterRedis({
      ...{ storeClient: connect(), points: limit, duration: windowSeconds, keyPrefix },
    });
    const decide = (key) =>
      limiter.consume(key).then(
        () => true,
        () => false,
      );
    return { decide, ready: async () => {}, close: async () => {} };
  },
};

function ofEngine(engine) {
  const { limit, windowSeconds, algorithm = 'fixed-window' } = settings;
  const windowMilliseconds = windowSeconds * 1000;
  const policy = `bench:${limit}/${windowSeconds}${algorithm === 'sliding-window' ? '~' : ''}:`;
  return {
    engine,
    decide(key) {
      const charge = { key: policy + key, tag: key, limit, windowMilliseconds, cost: 1, algorithm };
      const decision = engine.consume([charge]);
      return decision instanceof Promise ? decision.then(({ allowed }) => allowed) : decision.allowed;
    },
    ready: async () => engine.ready?.(),
    close: async () => engine.close?.(),
  };
}

/** Keeps requests in progress, and gives other work of the process its turn, as in a server. */
async function drive(
  decide,
  { milliseconds = Number.POSITIVE_INFINITY, count = Number.POSITIVE_INFINITY, keyOf, atOnce = 64 },
) {
  const started = performance.now();
  const end = started + milliseconds;
  let asked = 0;
  let admitted = 0;
  const loop = async () => {
    while (asked < count && performance.now() < end) {
      for (let burst = 0; burst < 16 && asked < count; burst += 1) {
        const answer = decide(keyOf(asked++));
        if (answer instanceof Promise ? await answer : answer) admitted += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
  const seconds = (performance.now() - started) / 1000;
  return { asked, admitted, seconds, perSecond: asked / seconds };
}

const tasks = {
  async hot({ decide }) {
    await drive(decide, { milliseconds: settings.warmUpMilliseconds, keyOf: () => 'hot' });
    process.send({ kind: 'warm' });
    await new Promise((resolve) => process.once('message', resolve));
    return drive(decide, { milliseconds: settings.milliseconds, keyOf: () => 'hot' });
  },
  async cold({ decide }) {
    await drive(decide, { count: 5000, keyOf: (index) => `warm${process.pid}:${index}` });
    return drive(decide, { count: settings.keys, keyOf: (index) => `cold${process.pid}:${index}` });
  },
  /** At the limit: callers come at a steady pace, more than the limit allows; before them one, and a silence, if asked. */
  async paced({ decide }) {
    const admittedAt = [];
    if (settings.silentMilliseconds !== undefined) {
      if (await decide('paced')) admittedAt.push(Date.now());
      await new Promise((resolve) => setTimeout(resolve, settings.silentMilliseconds));
    }
    const started = Date.now();
    let asked = 0;
    while (Date.now() < started + settings.milliseconds) {
      const due = ((Date.now() - started) / 1000) * settings.perSecond;
      const answers = [];
      for (; asked < due; asked += 1) answers.push(decide('paced'));
      const now = Date.now();
      for (const answer of await Promise.all(answers)) if (answer) admittedAt.push(now);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return { asked, admitted: admittedAt.length, admittedAt };
  },
  async memory({ decide, engine }) {
    const keys = settings.keys;
    // The memory that the engine uses: after all keys have occurred, minus before.
    globalThis.gc();
    const before = process.memoryUsage();
    await drive(decide, { count: keys, keyOf: (index) => `key${index}` });
    await new Promise((resolve) => setTimeout(resolve, 500));
    globalThis.gc();
    const after = process.memoryUsage();
    const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
    return { keys, held: engine.statistics?.keys ?? engine.size, bytes };
  },
};

// Ends with its parent.
process.on('disconnect', () => process.exit());
const under = engines[settings.engine]();
await under.ready();
const result = await tasks[settings.task](under);
process.send({ kind: 'result', ...result });
await under.close();
for (const connection of connections) connection.disconnect();
process.disconnect();
