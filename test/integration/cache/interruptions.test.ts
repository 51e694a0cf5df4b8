import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { lookUpInFlight, neverActiveAfter, Processes, until, untilHeld, untilReady, type Worker } from './processes.js';
import { SilencingProxy } from './silencing-proxy.js';
import type { WorkerSettings } from './worker-protocol.js';

const BOUND_SECONDS = 0.4;
const keyPrefix = 'cache:';

let processes: Processes;
let server: RedisProcess;
let redis: Redis;
let proxy: SilencingProxy | undefined;

beforeAll(async () => {
  processes = await Processes.prepare();
});

afterAll(async () => {
  await processes.remove();
});

beforeEach(async () => {
  server = await startRedis();
  connect();
});

afterEach(async () => {
  redis.disconnect();
  await processes.stopAll();
  await proxy?.stop();
  proxy = undefined;
  await server.stop();
});

function connect(): void {
  redis = new Redis(server.url);
  redis.on('error', () => {});
}

function start(settings: Partial<WorkerSettings> = {}): Promise<Worker> {
  return processes.start({
    redis: { url: server.url },
    keyPrefix,
    revocationBoundSeconds: BOUND_SECONDS,
    ...settings,
  });
}

async function twoProcesses(second: Partial<WorkerSettings> = {}): Promise<[Worker, Worker]> {
  const workers: [Worker, Worker] = [await start(), await start(second)];
  await untilReady(processes, redis, keyPrefix, ...workers);
  return workers;
}

const redisKey = (key: string) => `${keyPrefix}token:${key}`;

async function valuesOf(key: string): Promise<string[]> {
  return (await redis.hvals(redisKey(key))).filter((value) => !value.startsWith('?'));
}

/** That the second process trusts its memory, and that a revocation reaches it: all is as it was before. */
async function worksAgain(first: Worker, second: Worker): Promise<void> {
  await untilReady(processes, redis, keyPrefix, first, second);
  const { key } = processes.issue();
  await untilHeld(key, first, second);
  expect(await processes.revoke(key, first)).toBeUndefined();
  await neverActiveAfter(BOUND_SECONDS, key, first, second);
}

describe('the notification channel', () => {
  test('cut at the moment of the revocation: the revocation holds within the bound', async () => {
    const [first, second] = await twoProcesses();
    for (let round = 0; round < 3; round += 1) {
      const { key } = processes.issue({ userId: 'alice' });
      await untilHeld(key, first, second);
      processes.tokens.delete(key);
      const cut = redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      const told = first.invalidate({ kind: 'token', key }, [key]);
      await Promise.all([cut, told]);
      expect(await told).toBeUndefined();
      await neverActiveAfter(BOUND_SECONDS, key, first, second);
    }
    await worksAgain(first, second);
  });

  test('cut before the revocation and kept away: the revocation holds within the bound', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    proxy.silenceAll({ andNew: true });
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    proxy.letNewPass();
    await worksAgain(first, second);
  });

  test('silently dropped, with no end of the connection to be seen: the revocation holds within the bound', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const { key } = processes.issue({ userId: 'alice' });
    await untilHeld(key, first, second);
    proxy.silenceSubscribers();
    expect(await processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    await worksAgain(first, second);
  });

  test('silently dropped together with the connection for commands: the same, and good tokens stay good', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const { key } = processes.issue();
    const good = processes.issue().key;
    await untilHeld(key, first, second);
    await untilHeld(good, first, second);
    proxy.silenceAll();
    expect(await processes.revoke(key, first)).toBeUndefined();
    expect((await second.ask(good)).status).toBe('active');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(good)).status).toBe('active');
    await worksAgain(first, second);
  });

  test('interrupted during a look-up: what it found is not kept, and not given once it is older than the bound', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    proxy.silenceAll({ andNew: true });
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await processes.revoke(key, first)).toBeUndefined();
    proxy.letNewPass();
    await untilReady(processes, redis, keyPrefix, second);
    await second.openGate();
    expect((await answer).status).toBe('invalid');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('a look-up while the notification channel is silent', () => {
  test('is not stored in Redis if the token was revoked meanwhile', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    proxy.silenceSubscribers();
    expect(await processes.revoke(key, first)).toBeUndefined();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await valuesOf(key)).toEqual([]);
  });

  test('is not trusted later, when the channel is proven again and the revocation was not heard', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [first, second] = await twoProcesses({ redis: { url: proxy.url } });
    const held = processes.issue().key;
    await untilHeld(held, second);
    proxy.silenceNew();
    await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until('the process knows that it hears nothing', async () => (await second.ask(held)).source !== 'memory');
    const { key } = processes.issue();
    expect(await second.ask(key)).toMatchObject({ status: 'active', source: 'database' });
    expect(await processes.revoke(key, first)).toBeUndefined();
    proxy.letNewPass();
    await untilReady(processes, redis, keyPrefix, second);
    expect((await second.ask(key)).status).toBe('invalid');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('the data in Redis', () => {
  test('flushed between a look-up and its storing: what was revoked meanwhile does not come back', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await redis.exists(redisKey(key))).toBe(1);
    await redis.flushall();
    expect(await processes.revoke(key, first)).toBeUndefined();
    await redis.flushall();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await valuesOf(key)).toEqual([]);
  });

  test('flushed: a look-up from before it stores nothing in Redis', async () => {
    const [, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    await redis.flushall();
    await second.openGate();
    expect((await answer).status).toBe('active');
    // What is stored later, in order on the same connection, is there; so the first one was refused.
    await untilReady(processes, redis, keyPrefix, second);
    expect(await redis.exists(redisKey(key))).toBe(0);
  });

  test('gone after a restart: the revocation holds within the bound', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const good = processes.issue().key;
    await untilHeld(key, first, second);
    expect(await processes.revoke(key, first)).toBeUndefined();
    redis.disconnect();
    await server.restart();
    connect();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(good)).status).toBe('active');
    await worksAgain(first, second);
  });

  test('back from an old snapshot after a crash: what was revoked since is not admitted', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ userId: 'alice' });
    await first.ask(key);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    await redis.save();
    expect(await processes.revoke(key, first)).toBeUndefined();
    expect(await redis.exists(redisKey(key))).toBe(0);
    redis.disconnect();
    await server.kill();
    await server.restart();
    connect();
    expect(await valuesOf(key)).toHaveLength(1);
    await neverActiveAfter(BOUND_SECONDS, key, first, second, await start());
    await worksAgain(first, second);
  });

  test('back from an old snapshot that holds a ticket: the look-up of that time stores nothing', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    await redis.save();
    expect(await processes.revoke(key, first)).toBeUndefined();
    redis.disconnect();
    await server.kill();
    await server.restart();
    connect();
    await untilReady(processes, redis, keyPrefix, first);
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });

  test('not bound to a run of the server where INFO is forbidden, and all else holds', async () => {
    await redis.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const url = server.url.replace('redis://', 'redis://app:secret@');
    const workers = await Promise.all([1, 2].map(() => start({ redis: { url }, quiet: true })));
    const [first, second] = workers as [Worker, Worker];
    await worksAgain(first, second);
    expect(await redis.keys(`${keyPrefix}token:*`)).not.toEqual([]);
  });
});

describe('a frozen Redis', () => {
  test('refuses no good token, admits no revoked one, and the invalidation is made good when it thaws', async () => {
    const [first, second] = await twoProcesses();
    const revoked = processes.issue().key;
    const good = processes.issue({ userId: 'alice' }).key;
    await untilHeld(revoked, first, second);
    await untilHeld(good, first, second);
    server.freeze();
    expect(await processes.revoke(revoked, first)).toBe('TemporarilyUnavailableError');
    await neverActiveAfter(BOUND_SECONDS, revoked, first, second);
    expect(await first.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    expect(await second.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    expect(await second.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    server.thaw();
    await until('the entry is gone from Redis', async () => (await valuesOf(revoked)).length === 0);
    await neverActiveAfter(BOUND_SECONDS, revoked, first, second);
    await worksAgain(first, second);
  });

  test('is asked once and then left alone, so that requests do not wait for it one after another', async () => {
    const [first] = await twoProcesses();
    const watching = await redis.monitor();
    const seen: string[] = [];
    watching.on('monitor', (_time: string, parameters: string[]) => seen.push(parameters.join(' ')));
    const keys = Array.from({ length: 30 }, () => processes.issue().key);
    server.freeze();
    for (const key of keys) expect((await first.ask(key)).status).toBe('active');
    server.thaw();
    // What was sent while Redis was frozen is read before anything that comes later.
    await untilReady(processes, redis, keyPrefix, first);
    const last = processes.issue().key;
    await first.ask(last);
    await until('the last key was seen', () => seen.some((line) => line.includes(last)));
    watching.disconnect();
    expect(keys.filter((key) => seen.some((line) => line.includes(key))).length).toBeLessThan(5);
  });

  test('a look-up that was to be stored meanwhile brings nothing back after the thaw', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    server.freeze();
    const told = processes.revoke(key, first);
    await second.openGate();
    expect((await answer).status).toBe('active');
    server.thaw();
    await told;
    await until('nothing is left of it in Redis', async () => (await redis.exists(redisKey(key))) === 0);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('Redis away', () => {
  test('refuses no good token, and a process that cannot tell of a revocation admits the token no more itself', async () => {
    const [first] = await twoProcesses();
    const revoked = processes.issue().key;
    const good = processes.issue().key;
    await untilHeld(revoked, first);
    await server.kill();
    expect((await first.ask(good)).status).toBe('active');
    expect(await processes.revoke(revoked, first)).toBe('TemporarilyUnavailableError');
    expect((await first.ask(revoked)).status).toBe('invalid');
    expect(await first.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    // Also a process that starts meanwhile serves.
    expect(await (await start()).ask(good)).toMatchObject({ status: 'active', source: 'database' });
  });

  test('for one process only: it tells of the revocation as soon as it can', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [second, first] = await twoProcesses({ redis: { url: proxy.url }, negativeMaxAgeSeconds: 0 });
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    proxy.silenceAll({ andNew: true });
    expect(await processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    proxy.letNewPass();
    await until('the other process refuses it', async () => {
      // The process that revoked does not believe what Redis still says, not even when it reaches it again.
      expect((await first.ask(key)).status).toBe('invalid');
      return (await second.ask(key)).status === 'invalid';
    });
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    await worksAgain(first, second);
  });

  test('for longer than the maximum age: another process refuses the token then all the same', async () => {
    proxy = await SilencingProxy.start(server.port);
    const [second, first] = await twoProcesses({ redis: { url: proxy.url } });
    const short = await start({ maxAgeSeconds: 2 });
    await untilReady(processes, redis, keyPrefix, short);
    const { key } = processes.issue();
    await untilHeld(key, short);
    proxy.silenceAll({ andNew: true });
    expect(await processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    await until('the other process refuses it', async () => (await short.ask(key)).status === 'invalid');
    expect((await second.ask(key)).status).toBe('invalid');
  });

  test('a server that refuses writes is not trusted, since an invalidation could not be done there', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    await untilHeld(key, first, second);
    await redis.config('SET', 'min-replicas-to-write', '1');
    processes.tokens.delete(key);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    await redis.config('SET', 'min-replicas-to-write', '0');
    await worksAgain(first, second);
  });
});
