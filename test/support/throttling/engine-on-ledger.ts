import { LeasedEngine } from '../../../src/throttling/engines/leased/engine.js';
import type { Ledger, LedgerAnswer } from '../../../src/throttling/engines/leased/ledger.js';
import { VirtualClock } from './virtual-clock.js';

/** An engine on a ledger of the test's own. */
export function engineOn(more: Partial<Ledger>) {
  const clock = new VirtualClock();
  const timers: { milliseconds: number; run: () => void; stopped: boolean }[] = [];
  const listeners: (() => void)[] = [];
  const ledger: Ledger = {
    ...{ callsByTag: false, connected: true, claim: () => new Promise<LedgerAnswer>(() => {}) },
    ...{ giveBack: async () => {}, register: async () => {}, join: async () => ['me'], leave: async () => {} },
    ...{ ready: async () => {}, close: async () => {} },
    onOpened(listener) {
      listeners.push(listener);
    },
    ...more,
  };
  const every = (milliseconds: number, run: () => void) => {
    const timer = { milliseconds, run, stopped: false };
    timers.push(timer);
    return {
      stop() {
        timer.stopped = true;
      },
    };
  };
  const engine = new LeasedEngine({
    ...{ ledger, clock, maxKeys: 1000, deadlineMilliseconds: 50, member: 'me', every },
  });
  /** The ledger is available from now on. */
  const open = () => {
    for (const listener of listeners) listener();
  };
  return { engine, clock, timers, open };
}
