import {
  type Charge,
  createThrottle,
  memoryEngine,
  type ThrottleDecision,
  type ThrottleEngine,
  type ThrottleOutcome,
  type ThrottlingOptions,
} from '../../../src/throttling/index.js';
import { user } from './subjects.js';
import { VirtualClock } from './virtual-clock.js';

/** A store that answers, fails or hangs as it is told, and counts in memory. */
export class FailingStore implements ThrottleEngine {
  mode: 'answer' | 'throw' | 'reject' | 'hang' = 'answer';
  asked = 0;
  readonly refunds: (readonly Charge[])[] = [];
  readonly #hanging: (() => void)[] = [];
  readonly #memory = memoryEngine();

  consume(charges: readonly Charge[]): ThrottleDecision | Promise<ThrottleDecision> {
    this.asked++;
    if (this.mode === 'throw') throw new Error('gone');
    if (this.mode === 'reject') return Promise.reject(new Error('gone'));
    if (this.mode === 'answer') return Promise.resolve(this.#memory.consume(charges));
    return new Promise((resolve) => {
      this.#hanging.push(() => resolve(this.#memory.consume(charges)));
    });
  }

  refund(charges: readonly Charge[], decision: ThrottleDecision): void {
    this.refunds.push(charges);
    this.#memory.refund(charges, decision);
  }

  /** Answers everything that hangs. */
  thaw(): void {
    this.mode = 'answer';
    for (const answer of this.#hanging.splice(0)) answer();
  }
}

/** A throttle of one policy on a store that can fail, with what it logs and tells. */
export function setUp(
  whenStoreFails: 'closed' | 'open' | 'local',
  rate = '3/h',
  more: Partial<ThrottlingOptions> = {},
) {
  const store = new FailingStore();
  const clock = new VirtualClock();
  const log: string[] = [];
  const changes: unknown[] = [];
  const write = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  const throttle = createThrottle(
    {
      policies: { user: rate },
      engine: store,
      whenStoreFails,
      deadlineMilliseconds: 20,
      onStoreStateChange: (state, error) =>
        changes.push(error === undefined ? state : [state, (error as Error).message]),
      ...more,
    },
    { clock, logger: { info: write('info'), warn: write('warn'), error: write('error') } },
  );
  const compiled = throttle.compile(['user']);
  const ask = async (name = 'alice'): Promise<ThrottleOutcome> => compiled.decide(user(name));
  /** Lets the store fail until it counts as down. */
  const fail = async (failure: FailingStore['mode']) => {
    store.mode = failure;
    while (throttle.storeState === 'up') await ask();
  };
  return { store, clock, log, changes, throttle, compiled, ask, fail };
}

export const failures = ['throw', 'reject', 'hang'] as const;
export const UNAVAILABLE = { allowed: false, unavailable: true, retryAfterSeconds: 1, fields: {} };
