import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { BOUND_SECONDS, withOwnRedis } from '../../integration/cache/own-redis.js';
import { lookUpInFlight, neverActiveAfter, until, untilHeld, type Worker } from '../../integration/cache/processes.js';

const own = withOwnRedis();

describe('the notification channel', () => {
  test('[RS-16] cut at the moment of the revocation: the revocation holds within the bound', async () => {
    const [first, second] = await own.twoProcesses();
    for (let round = 0; round < 3; round += 1) {
      const { key } = own.processes.issue({ userId: 'alice' });
      await untilHeld(key, first, second);
      own.processes.tokens.delete(key);
      const cut = own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      const told = first.invalidate({ kind: 'token', key }, [key]);
      await Promise.all([cut, told]);
      expect(await told).toBeUndefined();
      await neverActiveAfter(BOUND_SECONDS, key, first, second);
    }
    await own.worksAgain(first, second);
  });

  test('[RS-16] cut before the revocation and kept away: the revocation holds within the bound', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const { key } = own.processes.issue();
    await untilHeld(key, first, second);
    proxy.silenceAll({ andNew: true });
    await own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    proxy.letNewPass();
    await own.worksAgain(first, second);
  });

  test('[RS-16] silently dropped, with no end of the connection to be seen: the revocation holds within the bound', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const { key } = own.processes.issue({ userId: 'alice' });
    await untilHeld(key, first, second);
    proxy.silenceSubscribers();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    await own.worksAgain(first, second);
  });

  test('silently dropped together with the connection for commands: the same, and valid tokens stay good', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const { key } = own.processes.issue();
    const good = own.processes.issue().key;
    await untilHeld(key, first, second);
    await untilHeld(good, first, second);
    proxy.silenceAll();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    expect((await second.ask(good)).status).toBe('active');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(good)).status).toBe('active');
    await own.worksAgain(first, second);
  });

  test('interrupted during a look-up: what it found is not kept, and not given once it is older than the bound', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    proxy.silenceAll({ andNew: true });
    await own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    proxy.letNewPass();
    await own.untilReady(second);
    await second.openGate();
    expect((await answer).status).toBe('invalid');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('a look-up while the notification channel is silent', () => {
  test('is not stored in Redis if the token was revoked meanwhile', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    proxy.silenceSubscribers();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await own.valuesOf(key)).toEqual([]);
  });

  test('is not trusted later, when the channel is proven again and the revocation was not received', async () => {
    const proxy = await own.startProxy();
    const [first, second] = await own.twoProcesses({ redis: { url: proxy.url } });
    const held = own.processes.issue().key;
    await untilHeld(held, second);
    proxy.silenceNew();
    await own.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await until('the process knows that it hears nothing', async () => (await second.ask(held)).source !== 'memory');
    const { key } = own.processes.issue();
    expect(await second.ask(key)).toMatchObject({ status: 'active', source: 'database' });
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    proxy.letNewPass();
    await own.untilReady(second);
    expect((await second.ask(key)).status).toBe('invalid');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('the data in Redis', () => {
  test('flushed between a look-up and its storing: what was revoked meanwhile does not come back', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await own.redis.exists(own.redisKey(key))).toBe(1);
    await own.redis.flushall();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    await own.redis.flushall();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await own.valuesOf(key)).toEqual([]);
  });

  test('flushed: a look-up from before it stores nothing in Redis', async () => {
    const [, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    await own.redis.flushall();
    await second.openGate();
    expect((await answer).status).toBe('active');
    // What is stored later, in order on the same connection, is there; so the first one was refused.
    await own.untilReady(second);
    expect(await own.redis.exists(own.redisKey(key))).toBe(0);
  });

  test('[RS-16] gone after a restart: the revocation holds within the bound', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    const good = own.processes.issue().key;
    await untilHeld(key, first, second);
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    own.redis.disconnect();
    await own.server.restart();
    own.connect();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(good)).status).toBe('active');
    await own.worksAgain(first, second);
  });

  test('back from an old snapshot after a crash: what was revoked since is not admitted', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue({ userId: 'alice' });
    await first.ask(key);
    await until('it lies in Redis', async () => (await own.valuesOf(key)).length === 1);
    await own.redis.save();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    expect(await own.redis.exists(own.redisKey(key))).toBe(0);
    own.redis.disconnect();
    await own.server.kill();
    await own.server.restart();
    own.connect();
    expect(await own.valuesOf(key)).toHaveLength(1);
    await neverActiveAfter(BOUND_SECONDS, key, first, second, await own.start());
    await own.worksAgain(first, second);
  });

  test('back from an old snapshot that holds a ticket: the look-up of that time stores nothing', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    await own.redis.save();
    expect(await own.processes.revoke(key, first)).toBeUndefined();
    own.redis.disconnect();
    await own.server.kill();
    await own.server.restart();
    own.connect();
    await own.untilReady(first);
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });

  test('not bound to a run of the server where INFO is forbidden, and all else holds', async () => {
    await own.redis.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const url = own.server.url.replace('redis://', 'redis://app:secret@');
    const workers = await Promise.all([1, 2].map(() => own.start({ redis: { url }, quiet: true })));
    const [first, second] = workers as [Worker, Worker];
    await own.worksAgain(first, second);
    expect(await own.redis.keys(`${own.keyPrefix}token:*`)).not.toEqual([]);
  });

  test('a user of Redis with no more than the documented rights is enough, for every kind of invalidation', async () => {
    const commands = ['del', 'hget', 'hset', 'hdel', 'pttl', 'pexpire', 'time', 'zadd', 'zrem', 'zremrangebyscore'];
    const rights = [...commands, 'zscore', 'publish', 'subscribe', 'info'].map((command) => `+${command}`);
    const { keyPrefix } = own;
    await own.redis.acl(
      ...([
        'SETUSER',
        'app',
        'on',
        '>secret',
        'resetkeys',
        `~${keyPrefix}*`,
        'resetchannels',
        `&${keyPrefix}*`,
      ] as const),
      ...(['-@all', '+@scripting', ...rights] as const),
    );
    const url = own.server.url.replace('redis://', 'redis://app:secret@');
    const workers = await Promise.all([1, 2].map(() => own.start({ redis: { url }, quiet: true })));
    const [first, second] = workers as [Worker, Worker];
    await own.worksAgain(first, second);
    const invalidations = [
      { kind: 'user', userId: 'alice' },
      { kind: 'application', clientId: 'shop' },
      { kind: 'everything' },
    ] as const;
    for (const invalidation of invalidations) expect(await first.invalidate(invalidation, [])).toBeUndefined();
    await own.worksAgain(first, second);
  });

  test('marks that are lost while the clock of Redis goes back cover what came before nevertheless', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue({ clientId: 'shop' });
    const marks = `${own.keyPrefix}token-marks`;
    // As if the server's clock had been an hour ahead, and every process had heard of it.
    await own.redis.zadd(marks, (Date.now() + 3_600_000) * 1000, '#');
    await pause(BOUND_SECONDS * 1000);
    expect((await first.ask(key)).source).toBe('database');
    await own.redis.del(marks);
    own.processes.tokens.delete(key);
    expect(await first.invalidate({ kind: 'application', clientId: 'shop' }, [])).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});
