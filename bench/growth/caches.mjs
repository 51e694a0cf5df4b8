/** What cached tokens occupy, in a process and in Redis. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';

/**
 * For each number of tokens: has a process verify so many without Redis, and another one with it.
 *
 * @param firstLive the number of the first token that has not expired
 */
export async function measureCaches(url, redisUrl, sizes, firstLive) {
  const rows = [];
  for (const tokens of sizes) rows.push(await measure({ url, tokens, firstLive }, redisUrl));
  return rows;
}

async function measure(settings, redisUrl) {
  const keyPrefix = `oauth2-bench-${process.pid}:`;
  const alone = await filled(settings);
  const redis = new Redis(redisUrl);
  try {
    const shared = await filled({ ...settings, redis: redisUrl, keyPrefix });
    const inRedis = await usage(redis, keyPrefix);
    return { tokens: settings.tokens, alone, shared, redis: inRedis };
  } finally {
    for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 10_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
    redis.disconnect();
  }
}

async function filled(settings) {
  const child = fork(new URL('caches-process.mjs', import.meta.url), [JSON.stringify(settings)], {
    execArgv: ['--expose-gc', '--max-old-space-size=4096'],
  });
  const [measured] = await once(child, 'message');
  await once(child, 'exit');
  return measured;
}

async function usage(redis, keyPrefix) {
  let keys = 0;
  let bytes = 0;
  for await (const found of redis.scanStream({ match: `${keyPrefix}*`, count: 10_000 })) {
    const pipeline = redis.pipeline();
    for (const key of found) pipeline.memory('USAGE', key);
    for (const [, used] of await pipeline.exec()) bytes += Number(used ?? 0);
    keys += found.length;
  }
  return { keys, bytes };
}
