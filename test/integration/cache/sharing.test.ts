import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { verifiedToken } from '../../../src/core/verified-token.js';
import { writeStoredToken } from '../../../src/resource-server/cache/token-json.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';
import {
  EVERYTHING,
  lookUpInFlight,
  neverActiveAfter,
  Processes,
  until,
  untilHeld,
  untilReady,
  type Worker,
} from './processes.js';
import { watchCommands } from './watch-commands.js';
import { AUTHENTICATOR, type WorkerSettings } from './worker-protocol.js';

const BOUND_SECONDS = 0.4;

let processes: Processes;
let redis: Redis;
let keyPrefix: string;
let settings: WorkerSettings;

beforeAll(async () => {
  processes = await Processes.prepare();
  redis = new Redis(redisUrl());
});

afterAll(async () => {
  redis.disconnect();
  await processes.remove();
});

beforeEach(() => {
  keyPrefix = freshKeyPrefix();
  settings = { redis: { url: redisUrl() }, keyPrefix, revocationBoundSeconds: BOUND_SECONDS };
});

afterEach(async () => {
  await processes.stopAll();
  await removeKeys(redisUrl(), keyPrefix);
});

const redisKey = (key: string) => `${keyPrefix}token:${key}`;

/** What lies under a token's key: values, not tickets. */
async function valuesOf(key: string): Promise<string[]> {
  return (await redis.hvals(redisKey(key))).filter((value) => !value.startsWith('?'));
}

async function twoProcesses(): Promise<[Worker, Worker]> {
  const workers = await Promise.all([processes.start(settings), processes.start(settings)]);
  await untilReady(processes, redis, keyPrefix, ...workers);
  return workers as [Worker, Worker];
}

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

  test('[RS-14] no token is ever sent to Redis in the clear', async () => {
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

    test('[RS-16 RS-17] a process that started after it, and has heard nothing, does not read what Redis still holds', async () => {
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

  test('a token family of many keys dies with one call', async () => {
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

/** What is different about an entry. */
interface Change {
  readonly foundAtMilliseconds?: number;
  readonly expiresAtMilliseconds?: number;
}

describe('what others wrote into Redis', () => {
  /** The field in which these processes keep a token. */
  async function field(worker: Worker): Promise<string> {
    const { key } = processes.issue();
    await untilHeld(key, worker);
    await until('it lies in Redis', async () => (await valuesOf(key)).length === 1);
    return (await redis.hkeys(redisKey(key)))[0] as string;
  }

  test('a value that is not ours admits nobody, and is replaced', async () => {
    const [first, second] = await twoProcesses();
    const name = await field(first);
    const foreign = ['', '{', 'null', '[]', '{"version":1}', '"x"', '{"version":1,"foundAtMilliseconds":1,"token":{}}'];
    for (const value of foreign) {
      const { key } = processes.issue();
      processes.tokens.delete(key);
      await redis.hset(redisKey(key), name, value);
      expect((await first.ask(key)).status).toBe('invalid');
      await until('it is gone', async () => (await valuesOf(key)).length === 0);
      expect((await second.ask(key)).status).toBe('invalid');
    }
  });

  test('a key of another type is a miss', async () => {
    const [first] = await twoProcesses();
    await field(first);
    const unknown = processes.issue().key;
    processes.tokens.delete(unknown);
    const known = processes.issue().key;
    await redis.mset(redisKey(unknown), 'x', redisKey(known), 'x');
    expect(await first.ask(unknown)).toMatchObject({ status: 'invalid', source: 'database' });
    expect(await first.ask(known)).toMatchObject({ status: 'active', source: 'database' });
    // Redis itself still counts as there.
    const other = processes.issue().key;
    await first.ask(other);
    await until('it lies in Redis', async () => (await valuesOf(other)).length === 1);
  });

  test("another token's value admits nobody", async () => {
    const [first] = await twoProcesses();
    const name = await field(first);
    const good = processes.issue({ userId: 'alice' });
    await untilHeld(good.key, first);
    await until('it lies in Redis', async () => (await valuesOf(good.key)).length === 1);
    const { key } = processes.issue();
    processes.tokens.delete(key);
    await redis.hset(redisKey(key), name, (await redis.hget(redisKey(good.key), name)) as string);
    expect((await first.ask(key)).status).toBe('invalid');
  });

  test('an entry older than the maximum age, or expired, is not read even if Redis still has it', async () => {
    const [first] = await twoProcesses();
    const name = await field(first);
    const unchanged: Change = {};
    const changes: readonly Change[] = [
      unchanged,
      { foundAtMilliseconds: Date.now() - 31_000 },
      { foundAtMilliseconds: Date.now() + 60_000 },
      { expiresAtMilliseconds: Date.now() - 1 },
    ];
    for (const change of changes) {
      const { key } = processes.issue();
      processes.tokens.delete(key);
      const { foundAtMilliseconds = Date.now(), expiresAtMilliseconds = Date.now() + 60_000 } = change;
      const nobody = { id: undefined, clientId: undefined, applicationName: undefined, userId: undefined };
      const times = { issuedAtMilliseconds: 0, expiresAtMilliseconds };
      const token = verifiedToken({ key, ...nobody, scopes: ['read'], audience: undefined, ...times });
      const text = writeStoredToken({ token, foundAtMilliseconds, generation: Date.now() * 1_000 + 60_000_000 });
      await redis.hset(redisKey(key), name, AUTHENTICATOR.sign([redisKey(key), name], text as string));
      // What is right in all else is read, so that it is the time that decides.
      expect([change, (await first.ask(key)).status]).toEqual([change, change === unchanged ? 'active' : 'invalid']);
    }
  });
});
