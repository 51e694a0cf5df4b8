import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ConfigurationError } from '../../../src/core/errors.js';
import { type RedisEngineOptions, redisEngine } from '../../../src/throttling/index.js';
import type { ThrottleEngine } from '../../../src/throttling/throttle-engine.js';
import { freshKeyPrefix, redisUrl, removeKeys, startRedis, startSentinel } from '../../support/services.js';
import { charge, pause, until } from '../../support/throttling/engines.js';
import { withinWindow } from '../../support/within-window.js';

const keyPrefix = freshKeyPrefix();
let redis: Redis;
let engine: ThrottleEngine;

beforeAll(async () => {
  redis = new Redis(redisUrl());
  engine = redisEngine({ redis: redisUrl(), keyPrefix });
  await engine.ready?.();
});
afterAll(async () => {
  await engine?.close?.();
  await removeKeys(redisUrl(), keyPrefix);
  redis?.disconnect();
});

let tags = 0;
const freshTag = (name: string) => `${name}${tags++}`;
const keysOf = (tag: string) => redis.keys(`${keyPrefix}{${tag}}*`);

describe('the Redis engine', () => {
  test('keeps windows below a second', async () => {
    const one = () => ({ ...charge(freshTag('short'), 1, 1), windowMilliseconds: 300 });
    const { used, last } = await withinWindow(300, async () => {
      const used = one();
      return { used, first: await engine.consume([used]), last: await engine.consume([used]) };
    });
    expect(last.allowed).toBe(false);
    expect(last.results[0]?.resetMilliseconds).toBeLessThanOrEqual(300);
    await pause((last.results[0]?.resetMilliseconds ?? 0) + 20);
    expect((await engine.consume([used])).allowed).toBe(true);
  });

  test('gives back what the present window spent, though the server was interrupted while it read the clock', async () => {
    const one = charge('interrupted', 5, 60, 2);
    for (const milliseconds of [-900, 900]) {
      const decision = await engine.consume([one]);
      const [key = ''] = await keysOf('interrupted');
      // What such a server takes for the end of the window is off by the interruption.
      await redis.pexpire(key, (await redis.pttl(key)) + milliseconds);
      await engine.refund([one], decision);
      expect(await redis.exists(key)).toBe(0);
    }
  });

  test('[TH-80] gives an end to a key that another program took below zero, so that its requests are decided again', async () => {
    const one = charge(freshTag('below'), 5, 60);
    await engine.consume([one]);
    const [key = ''] = await keysOf(one.tag);
    await redis.set(key, -5);
    await expect(engine.consume([one])).rejects.toThrow();
    expect([await redis.get(key), (await redis.pttl(key)) > 0]).toEqual(['-5', true]);
  });

  test('leaves no key without an end, and none at all for a refusal', async () => {
    const full = charge('ends', 1, 60, 1, 'full');
    const other = charge('ends', 5, 60, 2, 'other');
    await engine.consume([full]);
    for (const order of [
      [full, other],
      [other, full],
      [other, other, full],
    ]) {
      expect((await engine.consume(order)).allowed).toBe(false);
    }
    expect(await keysOf('ends')).toHaveLength(1);
    const decision = await engine.consume([other, other]);
    for (const key of await keysOf('ends')) expect(await redis.pttl(key)).toBeGreaterThan(0);
    await engine.refund([other, other], decision);
    expect(await keysOf('ends')).toHaveLength(1);
  });

  test('gives an end to a key that lost it', async () => {
    const one = charge('lost', 2, 60);
    await engine.consume([one]);
    const [key = ''] = await keysOf('lost');
    await redis.persist(key);
    await engine.consume([one]);
    expect(await redis.pttl(key)).toBeGreaterThan(0);
  });

  test('needs one command for all charges of a request, and one more only when the server forgot the script', async () => {
    const calls = async () => {
      const stats = await redis.info('commandstats');
      const of = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
      return of('evalsha') + of('eval');
    };
    const charges = [charge('calls', 50, 60), charge('calls', 50, 60, 1, 'other'), charge('other', 50, 60)];
    await engine.consume(charges);
    const before = await calls();
    for (let more = 0; more < 10; more++) await engine.consume(charges);
    // Other tests may use the same server, so that this is a lower bound for none of them.
    expect((await calls()) - before).toBeGreaterThanOrEqual(10);
    await redis.script('FLUSH');
    const decisions = await Promise.all(Array.from({ length: 60 }, () => engine.consume(charges)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(39);
  });

  test('rejects if a key holds something else', async () => {
    const one = charge('strange', 1, 60);
    await redis.set(`${keyPrefix}{strange}${one.key}`, 'text', 'EX', 60);
    await expect(engine.consume([one])).rejects.toThrow('not an integer');
  });

  test('takes a client of the host with its database and prefix, and leaves it alone', async () => {
    const host = new Redis(redisUrl(), {
      db: 1,
      keyPrefix: `${keyPrefix}host:`,
      stringNumbers: true,
      commandTimeout: 30_000,
    });
    const own = redisEngine({ redis: host, keyPrefix: 'throttle:' });
    await own.ready?.();
    const one = charge('host', 3, 60);
    expect((await own.consume([one])).results[0]?.remaining).toBe(2);
    await own.close?.();
    await until(() => host.status === 'ready', 'the client of the host is ready');
    const inspect = new Redis(redisUrl(), { db: 1 });
    const key = `${keyPrefix}host:throttle:{host}${one.key}`;
    expect(await inspect.get(key)).toBe('1');
    await inspect.del(key);
    inspect.disconnect();
    host.disconnect();
  });

  test('finds the master through Sentinel, as the client of the host does', async () => {
    const master = await startRedis();
    const sentinel = await startSentinel({ name: 'main', port: master.port });
    const host = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' });
    const own = redisEngine({ redis: host });
    await own.ready?.();
    const one = charge('sentinel', 3, 60);
    expect((await own.consume([one])).results[0]?.remaining).toBe(2);
    const direct = redisEngine({ redis: master.url });
    await direct.ready?.();
    expect((await direct.consume([one])).results[0]?.remaining).toBe(1);
    await Promise.all([own.close?.(), direct.close?.()]);
    host.disconnect();
    await sentinel.stop();
    await master.stop();
  });

  test('goes over to the master that Sentinel announces, although the old one goes on answering', async () => {
    // Sentinel cannot tell the old master of the failover.
    const deaf = ['REPLICAOF', 'SLAVEOF'].flatMap((command) => ['--rename-command', command, `NO-${command}`]);
    const master = await startRedis(deaf);
    const replica = await startRedis(['--replicaof', '127.0.0.1', `${master.port}`]);
    const sentinel = await startSentinel({ name: 'main', port: master.port });
    const host = new Redis({ sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'main' });
    const [asked, promoted, old] = [sentinel, replica, master].map(({ url }) => new Redis(url)) as [
      Redis,
      Redis,
      Redis,
    ];
    const own = redisEngine({ redis: host });
    await own.ready?.();
    await until(
      async () => String(await asked.call('SENTINEL', 'REPLICAS', 'main')).includes(`${replica.port}`),
      'Sentinel knows the replica',
    );
    await until(async () => (await promoted.info('replication')).includes('link_status:up'), 'the replica follows');
    await asked.call('SENTINEL', 'FAILOVER', 'main');
    const isCountedThere = async () => {
      const tag = freshTag('failover');
      await Promise.resolve(own.consume([charge(tag, 3, 60)])).catch(() => {});
      return (await promoted.keys(`*{${tag}}*`)).length === 1 && (await promoted.role())[0] === 'master';
    };
    await until(isCountedThere, 'the new master counts');
    expect((await old.role())[0]).toBe('master');
    await own.close?.();
    for (const client of [host, asked, promoted, old]) client.disconnect();
    for (const server of [sentinel, replica, master]) await server.stop();
  }, 90_000);

  test('goes on after the clock of the server was set', async () => {
    let skew = 0;
    const clock = { nowMilliseconds: () => Date.now(), monotonicMilliseconds: () => performance.now() + skew };
    const own = redisEngine({ redis: redisUrl(), keyPrefix, clock });
    await own.ready?.();
    const one = charge('clock', 10, 60);
    await own.consume([one]);
    // As if the server's clock had been set an hour forward, and back again.
    skew = -3_600_000;
    expect((await own.consume([one])).results[0]?.remaining).toBe(8);
    skew = 0;
    expect((await own.consume([one])).results[0]?.remaining).toBe(7);
    await own.close?.();
  });

  test('answers at once after it was closed, with a rejection', async () => {
    const own = redisEngine({ redis: redisUrl(), keyPrefix });
    await own.close?.();
    await expect(own.consume([charge('closed', 1, 60)])).rejects.toThrow();
    await own.close?.();
  });

  test('finds a server that starts later', async () => {
    const server = await startRedis();
    await server.kill();
    const own = redisEngine({ redis: server.url });
    await own.ready?.();
    await expect(own.consume([charge('late', 1, 60)])).rejects.toThrow();
    await server.restart();
    const answers = async () => {
      try {
        return (await own.consume([charge('late', 1, 60, 0)])).allowed;
      } catch {
        return false;
      }
    };
    await until(answers, 'the engine has found the server');
    await own.close?.();
    await server.stop();
  });
});

test.each<[string, object, RegExp]>([
  ['a URL of something else', { redis: 'http://127.0.0.1' }, /redis:\/\/host:6379/],
  ['nothing', { redis: undefined }, /redisEngine\.redis cannot be .*: give a Redis URL or a client of ioredis/],
  [
    'an object of something else',
    { redis: {} },
    /redisEngine\.redis cannot be .*: give a Redis URL or a client of ioredis/,
  ],
  [
    'a prefix with a brace',
    { redis: redisUrl(), keyPrefix: 'a{b}' },
    /redisEngine\.keyPrefix cannot be .*without braces/,
  ],
  ['no deadline', { redis: redisUrl(), deadlineMilliseconds: 0 }, /deadlineMilliseconds cannot be 0/],
])('%s is an error at start-up', (_, options, message) => {
  expect(() => redisEngine(options as RedisEngineOptions)).toThrow(message);
  expect(() => redisEngine(options as RedisEngineOptions)).toThrow(ConfigurationError);
});
