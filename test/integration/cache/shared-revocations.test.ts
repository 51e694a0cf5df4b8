import { describe, expect, test } from '@jest/globals';
import { redisUrl } from '../../support/services.js';
import { EVERYTHING, lookUpInFlight, neverActiveAfter, until, untilHeld, type Worker } from './processes.js';
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
import { AUTHENTICATOR } from './worker-protocol.js';

useSharingProcesses();

describe('revocation', () => {
  test('[RS-16] a revocation in one process holds in the other within the bound', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ userId: 'alice' });
    await untilHeld(key, first, second);
    expect(await processes.revoke(key, first)).toBeUndefined();
    expect((await first.ask(key)).status).toBe('invalid');
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
  });

  test('all tokens of a user die in every process', async () => {
    const [first, second] = await twoProcesses();
    const keys = [processes.issue({ userId: 'bob' }).key, processes.issue({ userId: 'bob' }).key];
    const other = processes.issue({ userId: 'alice' }).key;
    for (const key of [...keys, other]) await untilHeld(key, first, second);
    processes.inactiveUsers.add('bob');
    for (const key of keys) processes.tokens.delete(key);
    expect(await first.invalidate({ kind: 'user', userId: 'bob' }, [])).toBeUndefined();
    for (const key of keys) await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(other)).status).toBe('active');
  });

  test('all tokens of an application die in every process', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ clientId: 'shop' });
    const other = processes.issue({ clientId: 'other' }).key;
    await untilHeld(key, first, second);
    await untilHeld(other, first, second);
    processes.tokens.delete(key);
    expect(await first.invalidate({ kind: 'application', clientId: 'shop' }, [])).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect((await second.ask(other)).status).toBe('active');
  });

  test('all tokens die in every process when everything is invalidated', async () => {
    const [first, second] = await twoProcesses();
    const keys = Array.from({ length: 20 }, () => processes.issue().key);
    for (const key of keys) await untilHeld(key, second);
    const [key] = keys as [string];
    for (const each of keys) processes.tokens.delete(each);
    expect(await first.invalidate(EVERYTHING, [])).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    for (const each of keys) expect((await second.ask(each)).status).toBe('invalid');
  });

  describe.each([
    ['a user', { kind: 'user', userId: 'bob' }],
    ['an application', { kind: 'application', clientId: 'shop' }],
    ['everything', EVERYTHING],
  ] as const)('of %s', (_name, invalidation) => {
    /** A token that lies in Redis though it is no longer in the database. */
    async function entry(first: Worker): Promise<string> {
      const { key } = processes.issue({ userId: 'bob', clientId: 'shop' });
      await first.ask(key);
      await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
      processes.tokens.delete(key);
      return key;
    }

    test('[RS-16 RS-17] is one command and one message, however many tokens it covers', async () => {
      const [first, second] = await twoProcesses();
      const keys = Array.from({ length: 250 }, () => processes.issue({ userId: 'bob', clientId: 'shop' }).key);
      for (const key of keys) await second.ask(key);
      processes.tokens.clear();
      const watched = await watchCommands(redisUrl());
      try {
        expect(await first.invalidate(invalidation, [])).toBeUndefined();
        await until('the message was seen', () => watched.text.includes(`"PUBLISH" "${keyPrefix}token-invalidations"`));
        const ofInvalidation = watched.text
          .split('\n')
          .filter((line) => line.includes(keyPrefix) && line.includes(`"PUBLISH" "${keyPrefix}token-invalidations"`));
        expect(ofInvalidation).toHaveLength(1);
        expect(watched.text).not.toContain(`"del" "${keyPrefix}`);
      } finally {
        watched.stop();
      }
      await neverActiveAfter(BOUND_SECONDS, keys.at(-1) as string, first, second);
      for (const key of keys) expect((await second.ask(key)).status).toBe('invalid');
    });

    test('[RS-16 RS-17] a process that started after it, and has received nothing, does not read what Redis still holds', async () => {
      const [first] = await twoProcesses();
      const key = await entry(first);
      expect(await first.invalidate(invalidation, [])).toBeUndefined();
      expect(await valuesOf(key)).toHaveLength(1);
      const late = await processes.start(settings);
      for (let count = 0; count < 20; count += 1) expect((await late.ask(key)).status).toBe('invalid');
      await neverActiveAfter(BOUND_SECONDS, key, first, late);
    });

    test('[RS-16 RS-17] where Redis lost the mark, a process that started after it does not read what is older', async () => {
      const [first] = await twoProcesses();
      const key = await entry(first);
      expect(await first.invalidate(invalidation, [])).toBeUndefined();
      await redis.del(`${keyPrefix}token-marks`);
      const late = await processes.start(settings);
      await neverActiveAfter(BOUND_SECONDS, key, late);
    });

    test('[RS-16 RS-17] a look-up from before it is not read by anybody, however late it is stored', async () => {
      const [first, second] = await twoProcesses();
      const { key } = processes.issue({ userId: 'bob', clientId: 'shop' });
      const { answer } = await lookUpInFlight(second, key);
      processes.tokens.delete(key);
      expect(await first.invalidate(invalidation, [])).toBeUndefined();
      await second.openGate();
      expect((await answer).status).toBe('invalid');
      await neverActiveAfter(BOUND_SECONDS, key, first, second, await processes.start(settings));
    });
  });

  test.each([
    ['#', 'inf'],
    ['#', '1e17'],
    ['#', '9007199254740992'],
    ['^', 'inf'],
    ['u:bob', 'inf'],
  ])(
    '[RS-62 RS-16] is heard of, though somebody wrote a number beyond all others among the marks: %s %s',
    async (name, score) => {
      const [first, second] = await twoProcesses();
      const marksKey = `${keyPrefix}token-marks`;
      await redis.zadd(marksKey, score, name);
      await until('the number is gone', async () => (await redis.zcount(marksKey, '(8000000000000000', '+inf')) === 0);
      let key = '';
      // What was looked up before the number had gone is not shared.
      await until('a token lies in Redis', async () => {
        key = processes.issue({ userId: 'bob', clientId: 'shop' }).key;
        await untilHeld(key, first, second);
        return (await valuesOf(key)).length === 1;
      });
      processes.tokens.delete(key);
      expect(await first.invalidate({ kind: 'user', userId: 'bob' }, [])).toBeUndefined();
      await neverActiveAfter(BOUND_SECONDS, key, await processes.start(settings), first, second);
    },
  );

  test('of a user and an application leaves what Redis holds of others in use', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue({ userId: 'alice', clientId: 'shop' });
    await first.ask(key);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    await first.invalidate({ kind: 'user', userId: 'bob' }, []);
    await first.invalidate({ kind: 'application', clientId: 'alice' }, []);
    expect(await second.ask(key)).toMatchObject({ status: 'active', source: 'redis' });
  });

  test('what is looked up again after it is shared again', async () => {
    const [first, second] = await twoProcesses();
    await first.invalidate({ kind: 'user', userId: 'alice' }, []);
    await until('it is shared', async () => {
      const { key } = processes.issue({ userId: 'alice', clientId: 'shop' });
      await first.ask(key);
      await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
      return (await second.ask(key)).source === 'redis';
    });
  });

  test('a token family of many keys is revoked with one call', async () => {
    const [first, second] = await twoProcesses();
    const keys = Array.from({ length: 250 }, () => processes.issue().key);
    for (const key of keys) await second.ask(key);
    const last = keys.at(-1) as string;
    await untilHeld(last, second);
    for (const each of keys) processes.tokens.delete(each);
    expect(await first.invalidate({ kind: 'token', key: keys[0] as string }, keys)).toBeUndefined();
    await neverActiveAfter(BOUND_SECONDS, last, first, second);
    for (const key of keys) expect((await second.ask(key)).status).toBe('invalid');
  });

  test('an authentic message that cannot be read, as of a newer version, makes every process forget everything', async () => {
    const [, second] = await twoProcesses();
    const { key } = processes.issue();
    await untilHeld(key, second);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    const channel = `${keyPrefix}token-invalidations`;
    await redis.publish(channel, AUTHENTICATOR.sign([channel], 'what is this'));
    await until('it is asked for again', async () => (await second.ask(key)).source !== 'memory');
  });

  test('a token that is issued after it was unknown works at once in the process that issued it', async () => {
    const [first] = await twoProcesses();
    const { key } = processes.issue();
    const row = processes.tokens.get(key);
    processes.tokens.delete(key);
    expect((await first.ask(key)).status).toBe('invalid');
    if (row !== undefined) processes.tokens.set(key, row);
    await first.forgetMiss(key);
    expect((await first.ask(key)).status).toBe('active');
  });
});

describe('a look-up that a revocation overtakes', () => {
  test('never puts the token back, neither into Redis nor into its own process', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await redis.exists(redisKey(key))).toBe(1);
    expect(await processes.revoke(key, first)).toBeUndefined();
    await second.openGate();
    await answer;
    await neverActiveAfter(BOUND_SECONDS, key, first, second);
    expect(await valuesOf(key)).toEqual([]);
  });

  test('is not joined by a request that comes after the revocation', async () => {
    const [, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await processes.revoke(key, second)).toBeUndefined();
    const after = second.ask(key);
    await until('both wait', async () => (await second.waiting()) === 2);
    await second.openGate();
    await answer;
    expect((await after).status).toBe('invalid');
  });

  test('leaves Redis alone if another process looks the same token up', async () => {
    const [first, second] = await twoProcesses();
    const { key } = processes.issue();
    const { answer } = await lookUpInFlight(second, key);
    expect(await first.ask(key)).toMatchObject({ status: 'active', source: 'database' });
    expect(await valuesOf(key)).toEqual([]);
    await second.openGate();
    await answer;
    await until('the holder of the ticket stored it', async () => (await valuesOf(key)).length === 1);
  });
});
