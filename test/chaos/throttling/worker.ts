/** A process with a throttle of its own on the Redis that all share, driven by its parent. */
import { createThrottle, leasedEngine, type ThrottleOutcome } from '../../../src/throttling/index.js';
import { user } from '../../support/throttling/subjects.js';
import type { Order, Report, WorkerSettings } from './worker-protocol.js';

const settings = JSON.parse(process.argv[2] as string) as WorkerSettings;
const { redis, keyPrefix, whenLedgerIsLost, deadlineMilliseconds } = settings;
const changes: string[] = [];
const engine = leasedEngine({ redis, keyPrefix, deadlineMilliseconds, whenLedgerIsLost });
const throttle = createThrottle({
  policies: settings.policies,
  engine,
  deadlineMilliseconds,
  whenStoreFails: settings.whenStoreFails,
  onStoreStateChange: (state) => changes.push(state),
});
const compiled = throttle.compile(Object.keys(settings.policies));

let running = false;
let asked = 0;
let refused = 0;
let unavailable = 0;

function count(outcome: ThrottleOutcome, admitted: () => void): void {
  asked++;
  if (outcome.allowed) admitted();
  else if (outcome.unavailable) unavailable++;
  else refused++;
}

/** Each admission is told to the parent at once, as its caller would learn of it. */
async function ask(name: string): Promise<void> {
  const from = Date.now();
  const outcome = await compiled.decide(user(name));
  count(outcome, () => process.send?.({ kind: 'admitted', name, from, at: Date.now() } satisfies Report));
}

async function drive(names: readonly string[], atOnce: number): Promise<void> {
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (running) {
        await ask(names[Math.floor(Math.random() * names.length)] as string);
        // As callers come: so that the budget lasts for a while, and this process does other things too.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }),
  );
}

process.on('message', async (order: Order) => {
  if (order.kind === 'drive') {
    running = true;
    await drive(order.names, order.atOnce);
    process.send?.({ kind: 'stopped' } satisfies Report);
  }
  if (order.kind === 'stop') running = false;
  if (order.kind === 'each') {
    for (const name of order.names) await ask(name);
    process.send?.({ kind: 'stopped' } satisfies Report);
  }
  if (order.kind === 'report') {
    const { claims } = engine.statistics;
    process.send?.({ kind: 'counts', asked, refused, unavailable, claims, changes } satisfies Report);
  }
  if (order.kind === 'close') {
    await throttle.close();
    process.disconnect();
  }
});

await throttle.ready();
process.send?.({ kind: 'ready' } satisfies Report);
