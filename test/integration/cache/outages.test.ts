import { describe, expect, test } from '@jest/globals';
import { BOUND_SECONDS, withOwnRedis } from './own-redis.js';
import { lookUpInFlight, neverActiveAfter, until, untilHeld } from './processes.js';
import { watchCommands } from './watch-commands.js';

const own = withOwnRedis();

describe('a frozen Redis', () => {
  test('refuses no valid token, admits no revoked one, and the invalidation is completed when it thaws', async () => {
    const [first, second] = await own.twoProcesses();
    const revoked = own.processes.issue().key;
    const good = own.processes.issue({ userId: 'alice' }).key;
    await untilHeld(revoked, first, second);
    await untilHeld(good, first, second);
    own.server.freeze();
    expect(await own.processes.revoke(revoked, first)).toBe('TemporarilyUnavailableError');
    await neverActiveAfter(BOUND_SECONDS, revoked, first, second);
    expect(await first.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    expect(await second.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    expect(await second.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    own.server.thaw();
    await until('the entry is gone from Redis', async () => (await own.valuesOf(revoked)).length === 0);
    await neverActiveAfter(BOUND_SECONDS, revoked, first, second);
    await own.worksAgain(first, second);
  });

  test('is asked once and then left alone, so that requests do not wait for it one after another', async () => {
    const first = await own.start({ deadlineMilliseconds: 50 });
    await own.untilReady(first);
    const watched = await watchCommands(own.server.url);
    const keys = Array.from({ length: 30 }, () => own.processes.issue().key);
    own.server.freeze();
    for (const key of keys) expect((await first.ask(key)).status).toBe('active');
    own.server.thaw();
    // What was sent while Redis was frozen is read before anything that comes later.
    await own.untilReady(first);
    const last = own.processes.issue().key;
    await first.ask(last);
    await until('the last key was seen', () => watched.text.includes(last));
    watched.stop();
    expect(keys.filter((key) => watched.text.includes(key)).length).toBeLessThan(5);
  });

  test('a look-up that was to be stored meanwhile brings nothing back after the thaw', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    own.server.freeze();
    const told = own.processes.revoke(key, first);
    await second.openGate();
    expect((await answer).status).toBe('active');
    own.server.thaw();
    await told;
    await until('nothing is left of it in Redis', async () => (await own.redis.exists(own.redisKey(key))) === 0);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });
});

describe('Redis unavailable', () => {
  test('refuses no valid token, and a process that cannot tell of a revocation admits the token no more itself', async () => {
    const [first] = await own.twoProcesses();
    const revoked = own.processes.issue().key;
    const good = own.processes.issue().key;
    await untilHeld(revoked, first);
    await own.server.kill();
    expect((await first.ask(good)).status).toBe('active');
    expect(await own.processes.revoke(revoked, first)).toBe('TemporarilyUnavailableError');
    expect((await first.ask(revoked)).status).toBe('invalid');
    expect(await first.ask(good)).toMatchObject({ status: 'active', source: 'database' });
    // Also a process that starts meanwhile serves.
    expect(await (await own.start()).ask(good)).toMatchObject({ status: 'active', source: 'database' });
  });

  test('for one process only: it tells of the revocation as soon as it can', async () => {
    const proxy = await own.startProxy();
    const [second, first] = await own.twoProcesses({ redis: { url: proxy.url }, negativeMaxAgeSeconds: 0 });
    const { key } = own.processes.issue();
    await untilHeld(key, first, second);
    proxy.silenceAll({ andNew: true });
    expect(await own.processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    proxy.letNewPass();
    await until('the other process refuses it', async () => {
      // The process that revoked does not believe what Redis still says, not even when it reaches it again.
      expect((await first.ask(key)).status).toBe('invalid');
      return (await second.ask(key)).status === 'invalid';
    });
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    await own.worksAgain(first, second);
  });

  test('for longer than the maximum age: another process refuses the token then nevertheless', async () => {
    const proxy = await own.startProxy();
    const [second, first] = await own.twoProcesses({ redis: { url: proxy.url } });
    const short = await own.start({ maxAgeSeconds: 2 });
    await own.untilReady(short);
    const { key } = own.processes.issue();
    await untilHeld(key, short);
    proxy.silenceAll({ andNew: true });
    expect(await own.processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    await until('the other process refuses it', async () => (await short.ask(key)).status === 'invalid');
    expect((await second.ask(key)).status).toBe('invalid');
  });

  test('a server that refuses writes is not trusted, since an invalidation could not be done there', async () => {
    const [first, second] = await own.twoProcesses();
    const { key } = own.processes.issue();
    await untilHeld(key, first, second);
    await own.redis.config('SET', 'min-replicas-to-write', '1');
    own.processes.tokens.delete(key);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await own.processes.revoke(key, first)).toBe('TemporarilyUnavailableError');
    await own.redis.config('SET', 'min-replicas-to-write', '0');
    await own.worksAgain(first, second);
  });
});
