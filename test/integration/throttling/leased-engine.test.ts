import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import {
  createThrottle,
  type LeasedThrottleEngine,
  leasedEngine,
  type ThrottleOutcome,
  UndecidedError,
  type WhenLedgerIsLost,
  type WhenStoreFails,
} from '../../../src/throttling/index.js';
import type { Charge } from '../../../src/throttling/throttle-engine.js';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { charge, pause, until } from '../../support/throttling/engines.js';
import { user } from '../../support/throttling/subjects.js';

let server: RedisProcess;
let redis: Redis;
let engines: LeasedThrottleEngine[];
const logged: string[] = [];
const write = (message: string) => void logged.push(message);
const logger = { info: write, warn: write, error: write };

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  redis.on('error', () => {});
  engines = [];
  logged.length = 0;
});
afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close?.()));
  redis.disconnect();
  await server.stop();
});

async function start(whenLedgerIsLost?: WhenLedgerIsLost): Promise<LeasedThrottleEngine> {
  const engine = leasedEngine({
    ...{ redis: server.url, keyPrefix: 't:', deadlineMilliseconds: 2000, whenLedgerIsLost, logger },
  });
  engines.push(engine);
  await engine.ready?.();
  return engine;
}

const consume = async (engine: LeasedThrottleEngine, ...charges: Charge[]) => engine.consume(charges);
const keyOf = ({ tag, key }: Charge) => `t:{${tag}}lease:${key}`;

describe('a leased engine on a real Redis', () => {
  test('needs one command for a cold key, for any number of policies, and for many requests of one moment', async () => {
    const engine = await start();
    await consume(engine, charge('warm', 9, 60));
    const calls = async () => {
      const stats = await redis.info('commandstats');
      return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    };
    // Membership has commands of its own, one a second.
    const before = await calls();
    await Promise.all(Array.from({ length: 100 }, (_, index) => consume(engine, charge(`cold${index}`, 9, 60))));
    const three = [charge('a', 9, 60), charge('a', 9, 3600, 1, 'other'), charge('b', 9, 60)];
    expect((await consume(engine, ...three)).allowed).toBe(true);
    expect((await calls()) - before).toBeLessThanOrEqual(6);
  });

  test('leaves no counter without an end, and ends one that lost its time to live', async () => {
    const engine = await start();
    const short = { ...charge('short', 1, 1), windowMilliseconds: 200 };
    const sliding = charge('slides', 5, 60, 1, 'user', 'sliding-window');
    await consume(engine, short);
    await consume(engine, sliding);
    for (const one of [short, sliding]) expect(await redis.pttl(keyOf(one))).toBeGreaterThan(0);
    await redis.persist(keyOf(short));
    await pause(250);
    expect((await consume(engine, short)).allowed).toBe(true);
  });

  test('keeps everything under its prefix, which is oauth2:throttle: by default', async () => {
    const engine = leasedEngine({ redis: server.url });
    engines.push(engine);
    await engine.ready?.();
    await consume(engine, charge('alice', 5, 60));
    const keys = await redis.keys('*');
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter((key) => !key.startsWith('oauth2:throttle:'))).toEqual([]);
  });

  test('a counter that holds something else fails its own request only', async () => {
    const engine = await start();
    const strange = charge('strange', 5, 60);
    await redis.set(keyOf(strange), 'text', 'EX', 60);
    const [bad, good] = await Promise.allSettled([consume(engine, strange), consume(engine, charge('good', 5, 60))]);
    expect(bad.status).toBe('rejected');
    expect(good).toMatchObject({ status: 'fulfilled', value: { allowed: true } });
  });

  test('the largest limit is counted exactly', async () => {
    const engine = await start();
    const one = charge('large', 999_999_999_999_999, 60, 999_999_999_999_998);
    expect((await consume(engine, one)).results[0]?.remaining).toBe(1);
    expect((await consume(engine, { ...one, cost: 2 })).allowed).toBe(false);
    expect((await consume(engine, { ...one, cost: 1 })).allowed).toBe(true);
  });

  test('another rate for the same principal has a budget of its own, and the first one stays spent', async () => {
    const engine = await start();
    await consume(engine, charge('alice', 1, 60));
    expect((await consume(engine, charge('alice', 5, 60))).allowed).toBe(true);
    expect((await consume(engine, charge('alice', 1, 60))).allowed).toBe(false);
  });
});

describe('when Redis has lost what it counted', () => {
  const erase: Record<string, () => Promise<unknown>> = {
    'by FLUSHALL': () => redis.flushall(),
    'by a restart': () => server.restart(),
  };

  const losses = () => logged.filter((line) => line.includes('has lost its counters'));

  test.each(Object.keys(erase))(
    '%s, windows begin again by default, and each process tells once what that means',
    async (how) => {
      const [one, two] = [await start(), await start()];
      const long = charge('long', 5, 3600);
      for (let more = 0; more < 5; more++) await consume(one, long);
      expect((await consume(two, long)).allowed).toBe(false);
      await erase[how]?.();
      for (const engine of [one, two]) {
        await until(async () => {
          const answer = await consume(engine, charge('another', 1000, 3600)).catch(() => undefined);
          return answer?.allowed === true;
        }, 'it decides again');
      }
      expect((await consume(await start(), long)).allowed).toBe(true);
      await until(() => losses().length === 2, 'both have told of it');
      for (const line of losses()) {
        expect(line).toContain(
          "callers may use the limits of open windows a second time (whenLedgerIsLost: 'restart')",
        );
      }
    },
  );

  test.each(Object.keys(erase))(
    '%s, open windows are unknown with `wait` until they must have ended, and it is told once',
    async (how) => {
      const engine = await start('wait');
      const [long, short] = [charge('long', 5, 3600), { ...charge('short', 5, 1), windowMilliseconds: 300 }];
      await consume(engine, long);
      await consume(engine, short);
      await erase[how]?.();
      await until(async () => {
        const answer = await consume(engine, long).catch((error: unknown) => error);
        return answer instanceof UndecidedError;
      }, 'the loss is noticed');
      for (let more = 0; more < 5; more++) expect(() => engine.consume([long])).toThrow(UndecidedError);
      await pause(350);
      expect((await consume(engine, short)).allowed).toBe(true);
      // A process that starts now knows it as well.
      await expect(consume(await start('wait'), charge('other', 5, 3600))).rejects.toThrow(UndecidedError);
      // Each process tells of it once.
      expect(losses()).toHaveLength(2);
    },
  );

  test('a first start of several processes on an empty Redis is no loss, and each decides as soon as it is ready', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => start('wait')));
    const decisions = await Promise.all(all.map((engine, index) => consume(engine, charge(`first${index}`, 5, 3600))));
    expect(decisions.every(({ allowed }) => allowed)).toBe(true);
    expect(logged).toEqual([]);
  });

  test('in the mode `local`, who is ready has a share, also where several processes start at once', async () => {
    const throttles = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const engine = leasedEngine({ redis: server.url, keyPrefix: 't:', logger });
        engines.push(engine);
        const throttle = createThrottle({ policies: { user: '9/h' }, engine, whenStoreFails: 'local' });
        await throttle.ready();
        return throttle;
      }),
    );
    await server.kill();
    const asked = throttles.map(async (throttle) => throttle.compile(['user']).decide(user('alice')));
    for (const outcome of await Promise.all(asked))
      expect(outcome).toMatchObject({ allowed: true, unavailable: false });
  });

  test('the mode decides on what is unknown, and the store does not count as down for it', async () => {
    for (const [mode, expected] of [
      ['closed', { allowed: false, unavailable: true }],
      ['open', { allowed: true, unavailable: false }],
      ['local', { allowed: true, unavailable: false }],
    ] as const) {
      const engine = await start('wait');
      const throttle = createThrottle({
        ...{ policies: { user: '5/h' }, engine, whenStoreFails: mode, deadlineMilliseconds: 2000 },
      });
      const decide = async () => throttle.compile(['user']).decide(user(mode));
      await decide();
      await redis.flushall();
      let outcome: ThrottleOutcome | undefined;
      // What the process knew to remain is asked for once more, and then the loss is known.
      for (let more = 0; more < 3; more++) outcome = await decide();
      expect(outcome).toMatchObject(expected);
      // When the ledger can know again: after one window.
      if (mode === 'closed') expect(outcome?.retryAfterSeconds).toBeGreaterThan(3500);
      expect(throttle.storeState).toBe('up');
      await engine.close?.();
      await redis.flushall();
    }
  });
});

test.each(['frozen', 'killed'])('while Redis is %s, processes in the mode local share a limit', async (how) => {
  const whenStoreFails: WhenStoreFails = 'local';
  const limit = 11;
  const settings = { policies: { user: `${limit}/h` }, whenStoreFails, deadlineMilliseconds: 300 };
  const throttles = await Promise.all(
    [1, 2, 3, 4].map(async () => createThrottle({ ...settings, engine: await start() }, { logger })),
  );
  const asking = throttles.map((throttle) => throttle.compile(['user']));
  await until(() => engines.every((engine) => engine.statistics.processes === 4), 'all have read of all');
  // Who came last has no share before the others had the time to read of it.
  await pause(2500);
  if (how === 'frozen') server.freeze();
  else await server.kill();
  const outcomes: ThrottleOutcome[] = [];
  for (const compiled of asking) {
    for (let more = 0; more < limit; more++) outcomes.push(await compiled.decide(user('alice')));
  }
  expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(limit);
  expect(outcomes.every(({ unavailable }) => !unavailable)).toBe(true);
  expect(logged.filter((line) => line.includes('is down'))).toHaveLength(4);
  if (how === 'frozen') server.thaw();
  else await server.restart();
  await until(async () => {
    await Promise.all(asking.map((compiled) => compiled.decide(user('somebody'))));
    return throttles.every(({ storeState }) => storeState === 'up');
  }, 'all have found Redis again');
  // What was spent meanwhile is in the ledger.
  const later = await Promise.all(asking.map(async (compiled) => compiled.decide(user('alice'))));
  expect(later.filter(({ allowed }) => allowed)).toHaveLength(0);
});
