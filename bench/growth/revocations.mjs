/** How long after an acknowledged revocation the other processes refuse the token. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { quantile } from '../lib/summary.mjs';

const ROUNDS = 60;

/** For each number of processes: one revokes, and each of the others is asked again and again until it answers 401. */
export async function measureRevocations(url, redisUrl, sizes) {
  const rows = [];
  for (const processes of sizes) rows.push(await measure(url, redisUrl, processes));
  return rows;
}

async function measure(url, redisUrl, processes) {
  const settings = JSON.stringify({ url, redis: redisUrl, keyPrefix: `oauth2-bench-${process.pid}:` });
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
