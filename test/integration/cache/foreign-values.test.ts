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
