import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { PolicyOptions } from '../../../src/throttling/index.js';
import { type RedisProcess, startRedis } from '../../support/services.js';
import { pause, until } from '../../support/throttling/engines.js';
import type { WorkerSettings } from './worker-protocol.js';
import { type Worker, Workers } from './workers.js';

const PROCESSES = 4;
const COLD_LIMIT = 2;
const COLD_KEYS = Array.from({ length: 10_000 }, (_, index) => `cold${index}`);

let workers: Workers;
let server: RedisProcess | undefined;

beforeAll(async () => {
  workers = await Workers.prepare();
});
beforeEach(() => {
  workers.all.length = 0;
});
afterEach(async () => {
  await workers.killAll();
  await server?.stop();
  server = undefined;
});
afterAll(() => workers.remove());

async function startAll(policy: PolicyOptions, more: Partial<WorkerSettings> = {}): Promise<Worker[]> {
  const settings: WorkerSettings = {
    redis: (server as RedisProcess).url,
    keyPrefix: 'chaos:',
    policies: { user: policy },
    whenStoreFails: 'closed',
    whenLedgerIsLost: 'wait',
    deadlineMilliseconds: 500,
    ...more,
  };
  return Promise.all(Array.from({ length: PROCESSES }, () => workers.start(settings)));
}

/** Drives a hot key in all processes while Redis and a process are treated badly, and gives how many were admitted. */
async function treatBadly(all: readonly Worker[], hot: string): Promise<void> {
  for (const worker of all) worker.send({ kind: 'drive', names: [hot], atOnce: 8 });
  await pause(1000);
  // A process ends with units in its hands.
  await all[0]?.kill();
  await pause(500);
  server?.freeze();
  await pause(2000);
  server?.thaw();
  await pause(1500);
  await server?.restart();
  await pause(3000);
}

/** Waits until a process has found Redis again. */
function untilUp(worker: Worker): Promise<void> {
  return until(async () => {
    worker.send({ kind: 'each', names: ['probe'] });
    await worker.heard('stopped');
    const { changes } = await worker.counts();
    return changes.at(-1) !== 'down';
  }, 'the process has found Redis again');
}

const stores: Record<string, readonly string[]> = {
  'that keeps its data': ['--appendonly', 'yes', '--appendfsync', 'always'],
  'that loses its data': [],
};

describe.each(Object.keys(stores))('four processes on a Redis %s', (store) => {
  const keeps = store === 'that keeps its data';

  test('never admit more, with a process killed, Redis frozen for 2 s and restarted', async () => {
    server = await startRedis(stores[store]);
    // The whole test is one window, and the limit is reached after Redis has restarted.
    const limit = 60_000;
    const all = await startAll({ rate: `${limit}/h` });
    await treatBadly(all, 'hot');
    const alive = all.slice(1);
    for (const worker of alive) await worker.stop();
    const before = workers.admitted().get('hot')?.length ?? 0;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThanOrEqual(limit);
    if (keeps) {
      // It goes on after the restart, until the limit is spent up to what the killed process had.
      for (const worker of alive) worker.send({ kind: 'drive', names: ['hot'], atOnce: 8 });
      await pause(2000);
      for (const worker of alive) await worker.stop();
      const admitted = workers.admitted().get('hot')?.length ?? 0;
      expect(admitted).toBeLessThanOrEqual(limit);
      expect(admitted).toBeGreaterThan(limit * 0.9);
    }
    for (const worker of alive) {
      const { changes } = await worker.counts();
      // One line per change: down and up take turns.
      expect(changes).toEqual(changes.map((_, index) => (index % 2 === 0 ? 'down' : 'up')));
      expect(changes).toContain('down');
    }
  }, 180_000);

  test('never admit more of 10,000 cold keys, with Redis restarted in between', async () => {
    server = await startRedis(stores[store]);
    const all = await startAll({ rate: `${COLD_LIMIT}/h` });
    const askEach = async (some: readonly Worker[]) => {
      for (const worker of some) worker.send({ kind: 'each', names: COLD_KEYS });
      await Promise.all(some.map((worker) => worker.heard('stopped')));
    };
    await askEach(all.slice(0, 1));
    await all[0]?.kill();
    await server.restart();
    for (const worker of all.slice(1)) await untilUp(worker);
    await askEach(all.slice(1));
    await askEach(all.slice(1));
    const byName = workers.admitted();
    byName.delete('probe');
    const admitted = [...byName.values()].map((times) => times.length);
    expect(Math.max(...admitted)).toBeLessThanOrEqual(COLD_LIMIT);
    expect(admitted).toHaveLength(COLD_KEYS.length);
    if (keeps) expect(admitted.filter((count) => count === COLD_LIMIT).length).toBeGreaterThan(COLD_KEYS.length * 0.9);
    // A cold key costs one call, and a refused one none.
    for (const worker of all.slice(1)) {
      const { asked, claims } = await worker.counts();
      expect(claims).toBeLessThanOrEqual(asked);
    }
  }, 180_000);
});

test("with whenLedgerIsLost 'restart', a window in which Redis loses its data sees its limit twice at most", async () => {
  server = await startRedis();
  const limit = 5000;
  const all = await startAll({ rate: `${limit}/h` }, { whenLedgerIsLost: 'restart' });
  await treatBadly(all, 'hot');
  for (const worker of all.slice(1)) await worker.stop();
  const admitted = workers.admitted().get('hot')?.length ?? 0;
  // This is what the tests above would see if the loss went unnoticed.
  expect(admitted).toBeGreaterThan(limit);
  expect(admitted).toBeLessThanOrEqual(2 * limit);
}, 180_000);

test('a sliding window is never exceeded in any span, with a process killed and Redis frozen and restarted', async () => {
  server = await startRedis(stores['that keeps its data']);
  const limit = 500;
  const all = await startAll({ rate: `${limit}/2s`, algorithm: 'sliding-window' });
  await treatBadly(all, 'hot');
  for (const worker of all.slice(1)) await worker.stop();
  const admissions = workers.admitted().get('hot') ?? [];
  expect(admissions.length).toBeGreaterThan(limit);
  // Each was decided between being asked for and being known, so that those that lie in a span as a whole count for it. The
  // clock leaves out fractions of a millisecond.
  let most = 0;
  admissions.forEach(({ from }, first) => {
    let within = 0;
    for (let next = first; (admissions[next]?.from ?? Number.POSITIVE_INFINITY) < from + 2000; next += 1) {
      if ((admissions[next]?.at as number) < from + 1999) within += 1;
    }
    most = Math.max(most, within);
  });
  expect(most).toBeLessThanOrEqual(limit);
}, 180_000);

test('a fleet whose processes end in order returns what they had, so that all of a limit is admitted', async () => {
  server = await startRedis();
  const limit = 3000;
  const all = await startAll({ rate: `${limit}/h` });
  for (const worker of all) worker.send({ kind: 'drive', names: ['hot'], atOnce: 2 });
  while ((workers.admitted().get('hot')?.length ?? 0) < limit / 10) await pause(5);
  for (const worker of all) await worker.stop();
  for (const worker of all.slice(0, 3)) await worker.close();
  const [last] = all.slice(3);
  last?.send({ kind: 'drive', names: ['hot'], atOnce: 20 });
  await until(async () => ((await last?.counts())?.refused ?? 0) > 5000, 'the limit is spent');
  await last?.stop();
  expect(workers.admitted().get('hot')).toHaveLength(limit);
}, 180_000);
