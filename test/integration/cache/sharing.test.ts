import { describe, expect, test } from '@jest/globals';
import { redisUrl } from '../../support/services.js';
import { neverActiveAfter, until, untilHeld, untilReady } from './processes.js';
import {
  BOUND_SECONDS,
  keyPrefix,
  processes,
  redis,
  redisKey,
  settings,
  twoProcesses,
  useSharingProcesses,
  valuesOf,
} from './sharing-processes.js';
import { watchCommands } from './watch-commands.js';

useSharingProcesses();

describe('what is shared', () => {
  test('a token that one process looked up is read from Redis by another, which loads its user', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ userId: 'alice', clientId: 'shop' });
    await untilHeld(key, first);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    expect(await second.ask(key)).toEqual({ status: 'active', source: 'redis', userId: 'alice' });
    expect(await redis.pttl(redisKey(key))).toBeGreaterThan(0);
  });

  test('a token of a user who may not act any more is invalid, also where Redis still has it', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ userId: 'carol' });
    await untilHeld(key, first);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    processes.inactiveUsers.add('carol');
    expect(await second.ask(key)).toEqual({ status: 'invalid', source: 'redis' });
  });

  test('processes with different policies do not read each other, and an invalidation reaches both', async () => {
    const first = await processes.start({ ...settings, policy: 'a' });
    const second = await processes.start({ ...settings, policy: 'b' });
    await untilReady(processes, redis, keyPrefix, first, second);
    const { key } = processes.issue();
    await untilHeld(key, first);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    expect(await second.ask(key)).toMatchObject({ status: 'active', source: 'database' });
    await until('both lie in Redis', async () => (await valuesOf(key)).length === 2);
    expect(await processes.revoke(key, first)).toBeUndefined();
    expect(await valuesOf(key)).toEqual([]);
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });

  test('[RS-14] a token past its end is expired in every process, whatever holds it', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ expiresAtMilliseconds: Date.now() + 3_000 });
    await untilHeld(key, first, second);
    await until('it has expired', async () => (await first.ask(key)).status !== 'active');
    expect((await first.ask(key)).status).toBe('expired');
    await until('it has expired there too', async () => (await second.ask(key)).status === 'expired');
  });

  test('unknown tokens leave nothing in Redis', async () => {
    const [first] = await twoProcesses();
    const before = (await redis.keys(`${keyPrefix}token:*`)).length;
    for (let count = 0; count < 50; count += 1) {
      const { key } = processes.issue();
      processes.tokens.delete(key);
      expect((await first.ask(key)).status).toBe('invalid');
    }
    await until('no more is left', async () => (await redis.keys(`${keyPrefix}token:*`)).length === before);
  });

  test('[RS-14] no token is ever sent to Redis in plain text', async () => {
    const watched = await watchCommands(redisUrl());
    try {
      const [first, second] = await twoProcesses();
      const { token, key } = processes.issue({ userId: 'alice' });
      await untilHeld(key, first, second);
      expect(await processes.revoke(key, first)).toBeUndefined();
      expect((await first.ask(key)).status).toBe('invalid');
      await until('the revocation was seen', () => watched.text.includes(`t:${key}`));
      expect(watched.text.split(key).length).toBeGreaterThan(4);
      expect(watched.text).not.toContain(token);
    } finally {
      watched.stop();
    }
  });

  test.each([2, 3] as const)(
    "a host's client is duplicated, its own key prefix is kept, over RESP%i",
    async (protocol) => {
      const { hostname: host, port } = new URL(redisUrl());
      const options = { host, port: Number(port), protocol, keyPrefix: `${keyPrefix}host:` };
      const [first, second] = await Promise.all([
        processes.start({ ...settings, redis: { options }, keyPrefix: 'own:' }),
        processes.start({ ...settings, redis: { options }, keyPrefix: 'own:' }),
      ]);
      await untilReady(processes, redis, `${keyPrefix}host:own:`, first, second);
      const { key } = processes.issue();
      await untilHeld(key, first, second);
      expect(await processes.revoke(key, first)).toBeUndefined();
      await neverActiveAfter(BOUND_SECONDS, key, first, second);
    },
  );

  test('a process ends by itself once its cache is closed', async () => {
    const [first] = await twoProcesses();
    const { key } = processes.issue();
    await untilHeld(key, first);
    const exited = new Promise((resolve) => first.process.once('exit', resolve));
    await first.close();
    expect(await exited).toBe(0);
  });
});
