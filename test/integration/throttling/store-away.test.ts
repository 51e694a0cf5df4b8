import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import {
  createThrottle,
  rateLimiterFlexibleEngine,
  redisEngine,
  type Throttle,
  type ThrottleEngine,
  type ThrottleOutcome,
  type WhenStoreFails,
} from '../../../src/throttling/index.js';
import { type RedisProcess, startRedis, startRedisCluster } from '../../support/services.js';
import { pause, until } from '../../support/throttling/engines.js';
import { user } from '../../support/throttling/subjects.js';

const LIMIT = 5;
let server: RedisProcess;
let throttles: Throttle[];
const changes: string[] = [];

beforeEach(async () => {
  server = await startRedis();
  throttles = [];
  changes.length = 0;
});
afterEach(async () => {
  await Promise.all(throttles.map((throttle) => throttle.close()));
  await server.stop();
});

/** A throttle on the server; the deadline is generous, so that a busy machine is not taken for a frozen store. */
async function throttleOn(whenStoreFails: WhenStoreFails, engine: ThrottleEngine = redisEngine({ redis: server.url })) {
  const throttle = createThrottle({
    policies: { user: `${LIMIT}/h` },
    engine,
    whenStoreFails,
    deadlineMilliseconds: 500,
    onStoreStateChange: (state) => changes.push(state),
  });
  throttles.push(throttle);
  await throttle.ready();
  const compiled = throttle.compile(['user']);
  const ask = async (name = 'alice'): Promise<ThrottleOutcome> => compiled.decide(user(name));
  return { throttle, ask, askMany: (count: number) => Promise.all(Array.from({ length: count }, () => ask())) };
}

type Asked = Awaited<ReturnType<typeof throttleOn>>;

const untilUp = ({ throttle, ask }: Asked) =>
  until(async () => {
    await ask('somebody else');
    return throttle.storeState === 'up';
  }, 'the store is up again');

const away: Record<string, () => void | Promise<void>> = {
  frozen: () => server.freeze(),
  killed: () => server.kill(),
};
const back: Record<string, () => void | Promise<void>> = {
  frozen: () => server.thaw(),
  killed: () => server.restart(),
};

describe.each(Object.keys(away))('while Redis is %s', (how) => {
  const goAway = () => away[how]?.();
  const comeBack = () => back[how]?.();

  test('closed refuses as unavailable, and the store is used again when it is back', async () => {
    const asked = await throttleOn('closed');
    expect((await asked.ask()).fields.ratelimit).toBe('"user";r=4;t=3600');
    await goAway();
    for (const outcome of await asked.askMany(20)) {
      expect(outcome).toEqual({ allowed: false, unavailable: true, retryAfterSeconds: 1, fields: {} });
    }
    expect((await asked.ask()).unavailable).toBe(true);
    expect(changes).toEqual(['down']);
    await comeBack();
    await untilUp(asked);
    expect(changes).toEqual(['down', 'up']);
    // What was refused as unavailable has spent nothing, also not late.
    const outcomes = await asked.askMany(20);
    const spentBefore = how === 'killed' ? 0 : 1;
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(LIMIT - spentBefore);
  });

  test('open admits', async () => {
    const asked = await throttleOn('open');
    await goAway();
    for (const outcome of await asked.askMany(20)) {
      expect(outcome).toEqual({ allowed: true, unavailable: false, retryAfterSeconds: 0, fields: {} });
    }
    await comeBack();
    await untilUp(asked);
    expect((await asked.askMany(20)).filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(LIMIT);
  });

  test('local counts in this process with the whole rate', async () => {
    const asked = await throttleOn('local');
    await goAway();
    const outcomes = await asked.askMany(20);
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(LIMIT);
    expect(outcomes.every(({ unavailable }) => !unavailable)).toBe(true);
    expect((await asked.ask()).allowed).toBe(false);
    await comeBack();
    await untilUp(asked);
    expect((await asked.askMany(20)).filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(LIMIT);
  });

  test('failed authentications are counted in this process', async () => {
    const { throttle } = await throttleOn('closed');
    await goAway();
    const reservations = await Promise.all(
      Array.from({ length: 310 }, async () => {
        const reservation = await throttle.failedAuthentications.reserve('ip:203.0.113.5');
        reservation.fail();
        return reservation;
      }),
    );
    expect(reservations.filter(({ allowed }) => allowed)).toHaveLength(300);
  });

  test('a limiter of rate-limiter-flexible without time-outs of its own does not hold a request up', async () => {
    // As ioredis is by default: it waits on an open socket for ever, and queues while there is none.
    const storeClient = new Redis(server.url);
    storeClient.on('error', () => {});
    const engine = rateLimiterFlexibleEngine(
      (points, duration, keyPrefix) => new RateLimiterRedis({ storeClient, points, duration, keyPrefix }),
    );
    const asked = await throttleOn('closed', engine);
    expect((await asked.ask()).allowed).toBe(true);
    await goAway();
    for (const outcome of await asked.askMany(10)) expect(outcome.unavailable).toBe(true);
    await comeBack();
    await untilUp(asked);
    expect((await asked.ask()).unavailable).toBe(false);
    storeClient.disconnect();
  });
});

test('[TH-50] what waited in a frozen socket is not counted when it goes on, even after the socket was given up', async () => {
  const asked = await throttleOn('closed');
  await asked.ask();
  server.freeze();
  await asked.askMany(20);
  // Longer than a silent socket is kept.
  await pause(4000);
  expect((await asked.ask()).unavailable).toBe(true);
  server.thaw();
  await untilUp(asked);
  expect((await asked.askMany(20)).filter(({ allowed }) => allowed)).toHaveLength(LIMIT - 1);
});

test.each(['frozen', 'killed'])(
  'on a Cluster, a node that is %s makes no request wait, and is used again',
  async (how) => {
    const cluster = await startRedisCluster();
    const client = new Cluster([...cluster.startupNodes]);
    client.on('error', () => {});
    try {
      const asked = await throttleOn('closed', redisEngine({ redis: client, deadlineMilliseconds: 500 }));
      const people = Array.from({ length: 30 }, (_, index) => `person${index}`);
      const askAll = () => Promise.all(people.map((name) => asked.ask(name)));
      expect((await askAll()).every(({ allowed }) => allowed)).toBe(true);
      const [node] = cluster.nodes;
      if (how === 'frozen') node?.freeze();
      else await node?.kill();
      // None is admitted beyond its rate, and all have an answer.
      for (let round = 0; round < 3; round++) await askAll();
      if (how === 'frozen') node?.thaw();
      else await node?.restart();
      await until(async () => {
        await pause(200);
        return (await Promise.all(people.map((name) => asked.ask(`late ${name}`)))).every(
          ({ unavailable }) => !unavailable,
        );
      }, 'all nodes answer again');
    } finally {
      client.disconnect();
      await cluster.stop();
    }
  },
);

test('requests that hang in many processes at once are admitted exactly when the store goes on', async () => {
  const processes = await Promise.all([1, 2, 3].map(() => throttleOn('closed')));
  await Promise.all(processes.map(({ ask }) => ask('warm')));
  server.freeze();
  await Promise.all(processes.map(({ askMany }) => askMany(10)));
  server.thaw();
  for (const one of processes) await untilUp(one);
  const outcomes = (await Promise.all(processes.map(({ askMany }) => askMany(10)))).flat();
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(LIMIT);
});

test('an overloaded process does not take its own delay for the store’s', async () => {
  const asked = await throttleOn('closed');
  await asked.ask();
  const asking = asked.ask();
  // The command is on its way; then nothing is read for longer than the deadline.
  await new Promise((resolve) => setImmediate(resolve));
  const end = Date.now() + 800;
  while (Date.now() < end);
  expect((await asking).unavailable).toBe(false);
  expect(changes).toEqual([]);
});
