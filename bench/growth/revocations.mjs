/** How long after an acknowledged revocation the other processes refuse the token. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { quantile } from '../lib/summary.mjs';

const ROUNDS = 60;

/** For each number of processes: one revokes, and each of the others is asked again and again until it answers 401. */
export async function measureRevocations(url, redisUrl, sizes) {
  const keyPrefix = `oauth2-bench-${process.pid}:`;
  const redis = new Redis(redisUrl);
  try {
    const rows = [];
    for (const processes of sizes) rows.push(await measure({ url, redis: redisUrl, keyPrefix }, processes));
    return rows;
  } finally {
    for await (const keys of redis.scanStream({ match: `${keyPrefix}*`, count: 10_000 })) {
      if (keys.length > 0) await redis.unlink(...keys);
    }
    redis.disconnect();
  }
}

async function measure(used, processes) {
  const settings = JSON.stringify(used);
  const children = Array.from({ length: processes }, () =>
    fork(new URL('revocations-process.mjs', import.meta.url), [settings]),
  );
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const latencies = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [revoker, ...others] = [...children.slice(round % processes), ...children.slice(0, round % processes)];
      const token = await ask(revoker, { verb: 'issue' });
      await Promise.all(others.map((child) => ask(child, { verb: 'watch', token })));
      const refusals = others.map((child) => once(child, 'message'));
      const acknowledged = await ask(revoker, { verb: 'revoke', token });
      for (const [refused] of await Promise.all(refusals)) {
        latencies.push(Number(BigInt(refused) - BigInt(acknowledged)) / 1e6);
      }
    }
    return {
      processes,
      observations: latencies.length,
      // The message may be there before the caller has its acknowledgement.
      before: latencies.filter((latency) => latency <= 0).length,
      p50Milliseconds: Math.max(0, quantile(latencies, 0.5)),
      p99Milliseconds: Math.max(0, quantile(latencies, 0.99)),
      longestMilliseconds: Math.max(0, ...latencies),
    };
  } finally {
    for (const child of children) child.kill();
  }
}

async function ask(child, message) {
  const answer = once(child, 'message');
  child.send(message);
  const [value] = await answer;
  return value;
}
