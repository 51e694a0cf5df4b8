import { Cluster, Redis } from 'ioredis';
import { createPool, type Pool } from 'mysql2';
import { RateLimiterMemory, RateLimiterMySQL, RateLimiterRedis } from 'rate-limiter-flexible';
import type { ThrottleAlgorithm } from '../../../src/throttling/algorithm.js';
import { leasedEngine, memoryEngine, rateLimiterFlexibleEngine, redisEngine } from '../../../src/throttling/index.js';
import type { Charge, ThrottleEngine } from '../../../src/throttling/throttle-engine.js';
import { freshDatabase, freshKeyPrefix, redisUrl, removeKeys, startRedisCluster } from '../services.js';

/** An engine of the test's own and its way out. */
export interface EngineUnderTest {
  readonly engine: ThrottleEngine;
  /** Another engine on the same store, as another process has it; `undefined` if the store is in the process. */
  another?(): ThrottleEngine;
  stop(): Promise<void>;
}

/** Engines that count in fixed windows only. */
export const onlyFixed: ReadonlySet<string> = new Set([
  'of rate-limiter-flexible in memory',
  'of rate-limiter-flexible on Redis',
  'of rate-limiter-flexible on MariaDB',
]);

function onCluster(make: (redis: Cluster) => ThrottleEngine): () => Promise<EngineUnderTest> {
  return async () => {
    const cluster = await startRedisCluster();
    const client = new Cluster([...cluster.startupNodes]);
    const made: ThrottleEngine[] = [];
    const another = () => {
      const engine = make(client);
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
  };
}

function onRedis(make: (keyPrefix: string) => ThrottleEngine): () => Promise<EngineUnderTest> {
  return async () => {
    const keyPrefix = freshKeyPrefix();
    const made: ThrottleEngine[] = [];
    const another = () => {
      const engine = make(keyPrefix);
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
  };
}

export const engines: Readonly<Record<string, () => Promise<EngineUnderTest>>> = {
  'in memory': async () => ({ engine: memoryEngine(), stop: async () => {} }),
  'on Redis': onRedis((keyPrefix) => redisEngine({ redis: redisUrl(), keyPrefix })),
  'on Redis Cluster': onCluster((redis) => redisEngine({ redis, deadlineMilliseconds: 5000 })),
  'with leases on Redis': onRedis((keyPrefix) =>
    leasedEngine({ redis: redisUrl(), keyPrefix, deadlineMilliseconds: 5000 }),
  ),
  'with leases on Redis Cluster': onCluster((redis) => leasedEngine({ redis, deadlineMilliseconds: 5000 })),
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
  'of rate-limiter-flexible on MariaDB': async () => {
    const database = await freshDatabase('mariadb');
    const storeClient = createPool({ uri: database.url, connectionLimit: 5 });
    await createCounterTable(storeClient);
    const dbName = new URL(database.url).pathname.slice(1);
    const another = () =>
      rateLimiterFlexibleEngine(
        (points, duration, keyPrefix) =>
          new RateLimiterMySQL({
            ...{ storeClient, points, duration, keyPrefix, dbName },
            ...{ tableName: 'counters', tableCreated: true },
          }),
      );
    return {
      engine: another(),
      another,
      async stop() {
        await new Promise<void>((resolve) => storeClient.end(() => resolve()));
        await database.drop();
      },
    };
  },
};

/** Makes the table of rate-limiter-flexible, which it makes only after it was asked for the first time. */
async function createCounterTable(pool: Pool): Promise<void> {
  await pool
    .promise()
    .query(
      'CREATE TABLE counters (`key` VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, points INT(9) NOT NULL DEFAULT 0, expire BIGINT UNSIGNED, PRIMARY KEY (`key`)) ENGINE = INNODB',
    );
}

export function charge(
  tag: string,
  limit: number,
  windowSeconds: number,
  cost = 1,
  policy = 'user',
  algorithm: ThrottleAlgorithm = 'fixed-window',
): Charge {
  return {
    key: `${policy}:${limit}/${windowSeconds}${algorithm === 'sliding-window' ? '~' : ''}:${tag}`,
    tag,
    limit,
    windowMilliseconds: windowSeconds * 1000,
    cost,
    algorithm,
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
