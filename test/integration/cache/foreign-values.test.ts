import { describe, expect, test } from '@jest/globals';
import { verifiedToken } from '../../../src/core/verified-token.js';
import { writeStoredToken } from '../../../src/resource-server/cache/token-json.js';
import { until, untilHeld, type Worker } from './processes.js';
import { processes, redis, redisKey, twoProcesses, useSharingProcesses, valuesOf } from './sharing-processes.js';
import { AUTHENTICATOR } from './worker-protocol.js';

useSharingProcesses();

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

  test('a key of another type spoils no answer about the tokens that are asked for together with it', async () => {
    const [first, second] = await twoProcesses();
    await field(first);
    const [spoiled, held, fresh] = [processes.issue().key, processes.issue().key, processes.issue().key];
    await untilHeld(held, first);
    await until('it lies in Redis', async () => (await valuesOf(held)).length === 1);
    await redis.set(redisKey(spoiled), 'x');
    const answers = await Promise.all([second.ask(spoiled), second.ask(held), second.ask(fresh)]);
    expect(answers).toMatchObject([
      { status: 'active', source: 'database' },
      { status: 'active', source: 'redis' },
      { status: 'active', source: 'database' },
    ]);
    await until('the other one lies in Redis', async () => (await valuesOf(fresh)).length === 1);
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

  test('processes of the version before keep their entries beside ours: neither reads or removes those of the other', async () => {
    const [first] = await twoProcesses();
    const name = await field(first);
    const nameBefore = name.slice(name.indexOf('|') + 1);
    /** What a process of that version wrote. */
    const entryBefore = (key: string) => {
      const plain = {
        key,
        id: 1,
        scopes: ['read'],
        issuedAtMilliseconds: 0,
        expiresAtMilliseconds: Date.now() + 60_000,
      };
      const generation = Date.now() * 1_000 + 60_000_000;
      const text = JSON.stringify({ version: 2, foundAtMilliseconds: Date.now(), generation, token: plain });
      return AUTHENTICATOR.sign([redisKey(key), nameBefore], text);
    };
    // Not in the database: only what is read from Redis could admit it.
    const unknown = processes.issue().key;
    processes.tokens.delete(unknown);
    await redis.hset(redisKey(unknown), nameBefore, entryBefore(unknown));
    expect((await first.ask(unknown)).status).toBe('invalid');
    expect(await redis.hexists(redisKey(unknown), nameBefore)).toBe(1);

    const { key } = processes.issue();
    await redis.hset(redisKey(key), nameBefore, entryBefore(key));
    await untilHeld(key, first);
    await until('both lie in Redis', async () => (await valuesOf(key)).length === 2);
    expect(await redis.hget(redisKey(key), nameBefore)).toContain('"version":2');
    expect(await redis.hget(redisKey(key), name)).toContain('"version":3');
    // A revocation by a process of either version removes both.
    expect(await processes.revoke(key, first)).toBeUndefined();
    expect(await redis.exists(redisKey(key))).toBe(0);
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
