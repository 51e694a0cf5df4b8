import { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { Charge, ThrottleEngine } from '../../../src/throttling/engine.js';
import { memoryEngine, rateLimiterFlexibleEngine, redisEngine } from '../../../src/throttling/index.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { freshKeyPrefix, redisUrl, removeKeys } from '../../support/services.js';

/** An engine of the test's own and its way out. */
export interface EngineUnderTest {
  readonly engine: ThrottleEngine;
  /** Another engine on the same store, as another process has it; `undefined` if the store is in the process. */
  another?(): ThrottleEngine;
  stop(): Promise<void>;
}

export const engines: Readonly<Record<string, () => Promise<EngineUnderTest>>> = {
  'in memory': async () => ({ engine: memoryEngine(), stop: async () => {} }),
  'on Redis': async () => {
    const keyPrefix = freshKeyPrefix();
    const made: ThrottleEngine[] = [];
    const another = () => {
      const engine = redisEngine({ redis: redisUrl(), keyPrefix });
      made.push(engine);
      return engine;
    };
    return {
      engine: another(),
      another,
      async stop() {
        await Promise.all(made.map((engine) => engine.close?.()));
        await removeKeys(redisUrl(), keyPrefix);
      },
    };
  },
  'on Redis Cluster': async () => {
    const cluster = await startRedisCluster();
    const client = cluster.connect();
    const made: ThrottleEngine[] = [];
    const another = () => {
      const engine = redisEngine({ redis: client, deadlineMilliseconds: 5000 });
      made.push(engine);
      return engine;
    };
    return {
      engine: another(),
      another,
      async stop() {
        await Promise.all(made.map((engine) => engine.close?.()));
        client.disconnect();
        await cluster.stop();
      },
    };
  },
  'of rate-limiter-flexible in memory': async () => ({
    engine: rateLimiterFlexibleEngine(
      (points, duration, keyPrefix) => new RateLimiterMemory({ points, duration, keyPrefix }),
    ),
    stop: async () => {},
  }),
  'of rate-limiter-flexible on Redis': async () => {
    const keyPrefix = freshKeyPrefix();
    const storeClient = new Redis(redisUrl(), { enableAutoPipelining: true });
    const another = () =>
      rateLimiterFlexibleEngine(
        (points, duration, prefix) => new RateLimiterRedis({ storeClient, points, duration, keyPrefix: prefix }),
        { keyPrefix },
      );
    return {
      engine: another(),
      another,
      async stop() {
        storeClient.disconnect();
        await removeKeys(redisUrl(), keyPrefix);
      },
    };
  },
};

export function charge(tag: string, limit: number, windowSeconds: number, cost = 1, policy = 'user'): Charge {
  return {
    key: `${policy}:${limit}/${windowSeconds}:${tag}`,
    tag,
    limit,
    windowMilliseconds: windowSeconds * 1000,
    cost,
  };
}

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until a condition holds; gives up after a generous while. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain until ${what}.`);
    await pause(20);
  }
}
