/** What `clear-expired` does on a database of some size, and what it does to live traffic beside it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { quantile } from '../lib/summary.mjs';
import { callsOf, uncached } from './operations.mjs';

/** One call of the traffic begins so often, whether or not the one before has ended. */
const EVERY_MILLISECONDS = 10;
const QUIET_MILLISECONDS = 5_000;
/** Of the largest sizes only as much is deleted as this allows. */
const LONGEST_SECONDS = 30;
const KINDS = ['look-up', 'issue', 'revoke'];

/**
 * Deletes what has expired in a process of its own, while this one looks up, issues and revokes tokens.
 *
 * @param onPhase told that the traffic is alone now (`quiet`), and that the deletion begins (`beside`)
 */
export async function measureClearing(database, url, rows, onPhase = () => {}) {
  const oauth2 = uncached(url);
  const child = fork(new URL('clearing-process.mjs', import.meta.url), [url, String(LONGEST_SECONDS)]);
  try {
    await once(child, 'message');
    await oauth2.ready();
    const calls = callsOf(oauth2, rows);
    onPhase('quiet');
    const quiet = await trafficUntil(calls, new Promise((resolve) => setTimeout(resolve, QUIET_MILLISECONDS)));
    const cleared = once(child, 'message');
    onPhase('beside');
    child.send('clear');
    const beside = await trafficUntil(calls, cleared);
    const [{ seconds, deleted, ...largest }] = await cleared;
    return { kind: database.kind, deleted, seconds, rowsPerSecond: deleted / seconds, ...largest, quiet, beside };
  } finally {
    child.kill();
    await oauth2.close();
  }
}

async function trafficUntil(calls, end) {
  const latencies = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  const pending = new Set();
  let turn = 0;
  let failures = 0;
  const timer = setInterval(() => {
    const kind = KINDS[turn % KINDS.length];
    turn += 1;
    const begin = performance.now();
    const call = calls[kind]().then(
      () => latencies[kind].push(performance.now() - begin),
      () => {
        failures += 1;
      },
    );
    pending.add(call);
    call.finally(() => pending.delete(call));
  }, EVERY_MILLISECONDS);
  await end;
  clearInterval(timer);
  await Promise.all(pending);
  const all = Object.values(latencies).flat();
  const writes = [...latencies.issue, ...latencies.revoke];
  return {
    calls: all.length,
    failures,
    p50Milliseconds: quantile(all, 0.5),
    p99Milliseconds: quantile(all, 0.99),
    longestMilliseconds: Math.max(...all),
    longestWriteMilliseconds: Math.max(...writes),
  };
}
