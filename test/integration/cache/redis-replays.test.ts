import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.js';
import { LogLimiter } from '../../../src/core/log-limiter.js';
import { silentLogger } from '../../../src/core/logger.js';
import { RedisReplays } from '../../../src/resource-server/cache/redis-replays.js';
import { LocalReplays } from '../../../src/resource-server/dpop/replays.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';

const opened: RedisReplays[] = [];
const prefixes: string[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  for (const prefix of prefixes.splice(0)) await removeKeys(redisUrl(), prefix);
});

async function store(keyPrefix: string, { redis = redisUrl(), alone = false } = {}): Promise<RedisReplays> {
  prefixes.push(keyPrefix);
  const replays = new RedisReplays({
    redis,
    keyPrefix,
    clock: systemClock,
    log: new LogLimiter(silentLogger, systemClock),
    local: alone ? new LocalReplays(systemClock, 60_000) : undefined,
  });
  opened.push(replays);
  await replays.ready();
  return replays;
}

/** Nobody listens there. */
const AWAY = 'redis://127.0.0.1:1';

describe('proofs that were used, in Redis', () => {
  test('[RS-19 §11.1] of many claims of one id by two processes exactly one succeeds', async () => {
    const keyPrefix = freshKeyPrefix();
    const [first, second] = [await store(keyPrefix), await store(keyPrefix)];
    const id = randomUUID();
    const claims = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? first : second).claim(id, 60_000));
    expect((await Promise.all(claims)).filter((isFirst) => isFirst)).toHaveLength(1);
    expect(await second.claim(randomUUID(), 60_000)).toBe(true);
  });

  test('an id is forgotten when its proof cannot be used any more', async () => {
    const replays = await store(freshKeyPrefix());
    expect(await replays.claim('a', 1)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await replays.claim('a', 60_000)).toBe(true);
    expect(await replays.claim('a', 60_000)).toBe(false);
  });

  test('[RS-19] while Redis is away nobody can say, and so the answer is 503', async () => {
    const replays = await store(freshKeyPrefix(), { redis: AWAY });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(replays.claim(randomUUID(), 60_000)).rejects.toMatchObject({
        code: 'temporarily_unavailable',
        status: 503,
      });
    }
  });

  test('[RS-19] by option each process then remembers for itself, and what it has seen counts afterwards, too', async () => {
    const replays = await store(freshKeyPrefix(), { redis: AWAY, alone: true });
    expect(await replays.claim('a', 60_000)).toBe(true);
    expect(await replays.claim('a', 60_000)).toBe(false);
    const reachable = await store(freshKeyPrefix(), { alone: true });
    expect([await reachable.claim('b', 60_000), await reachable.claim('b', 60_000)]).toEqual([true, false]);
  });
});
