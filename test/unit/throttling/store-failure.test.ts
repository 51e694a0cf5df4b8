import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  type Charge,
  CounterError,
  createThrottle,
  type FailureReservation,
  memoryEngine,
  StoreAwayError,
  type ThrottleDecision,
  type ThrottleEngine,
  type ThrottleOutcome,
  type ThrottlingOptions,
} from '../../../src/throttling/index.js';
import { user } from '../../support/throttling/subjects.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

/** A store that answers, fails or hangs as it is told, and counts in memory. */
class Store implements ThrottleEngine {
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

function setUp(whenStoreFails: 'closed' | 'open' | 'local', rate = '3/h', more: Partial<ThrottlingOptions> = {}) {
  const store = new Store();
  const clock = new VirtualClock();
  const log: string[] = [];
  const changes: unknown[] = [];
  const write = (level: string) => (message: string) => void log.push(`${level}: ${message}`);
  const throttle = createThrottle(
    { policies: { user: rate }, engine: store, whenStoreFails, deadlineMilliseconds: 20, ...more },
    {
      clock,
      logger: { info: write('info'), warn: write('warn'), error: write('error') },
      onStoreStateChange: (state, error) =>
        changes.push(error === undefined ? state : [state, (error as Error).message]),
    },
  );
  const compiled = throttle.compile(['user']);
  const ask = async (name = 'alice'): Promise<ThrottleOutcome> => compiled.decide(user(name));
  /** Lets the store fail until it counts as down. */
  const fail = async (failure: Store['mode']) => {
    store.mode = failure;
    while (throttle.storeState === 'up') await ask();
  };
  return { store, clock, log, changes, throttle, compiled, ask, fail };
}

const failures = ['throw', 'reject', 'hang'] as const;
const UNAVAILABLE = { allowed: false, unavailable: true, retryAfterSeconds: 1, fields: {} };

describe.each(failures)('while a store fails (%s)', (failure) => {
  test('closed refuses as unavailable', async () => {
    const { store, ask } = setUp('closed');
    store.mode = failure;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
  });

  test('open admits without counting', async () => {
    const { store, ask } = setUp('open');
    store.mode = failure;
    for (let more = 0; more < 10; more++) {
      expect(await ask()).toEqual({ allowed: true, unavailable: false, retryAfterSeconds: 0, fields: {} });
    }
  });

  test('local counts in this process, with the whole rate and its fields', async () => {
    const { store, ask } = setUp('local');
    store.mode = failure;
    for (const left of [2, 1, 0]) {
      expect(await ask()).toMatchObject({ allowed: true, fields: { ratelimit: `"user";r=${left};t=3600` } });
    }
    expect(await ask()).toMatchObject({ allowed: false, unavailable: false, retryAfterSeconds: 3600 });
    expect((await ask('bob')).allowed).toBe(true);
  });

  test('a rate of nothing refuses in every mode', async () => {
    for (const mode of ['closed', 'open', 'local'] as const) {
      const { store, ask } = setUp(mode, '0/m');
      store.mode = failure;
      expect(await ask()).toMatchObject({ allowed: false, unavailable: false, retryAfterSeconds: 60 });
    }
  });

  test('[TH-50] once it is down, the store is left alone: one request tries it, after pauses that grow from 50 ms', async () => {
    const { store, clock, compiled, ask, fail } = setUp('open');
    await fail(failure);
    const atOnce = () => (compiled.decide(user('alice')) as ThrottleOutcome).allowed;
    let asked = store.asked;
    for (const pause of [50, 100, 200]) {
      for (let more = 0; more < 20; more++) expect(atOnce()).toBe(true);
      clock.advance(pause - 1);
      await ask();
      expect(store.asked).toBe(asked);
      clock.advance(1);
      await Promise.all([ask(), ask(), ask()]);
      asked++;
      expect(store.asked).toBe(asked);
    }
    // An attempt that costs nothing is made more often than one that makes a request wait.
    const longest = failure === 'hang' ? 1000 : 200;
    for (let more = 0; more < 5; more++) {
      clock.advance(longest);
      await ask();
    }
    asked = store.asked;
    clock.advance(longest - 1);
    await ask();
    expect(store.asked).toBe(asked);
    clock.advance(1);
    await ask();
    expect(store.asked).toBe(asked + 1);
  });

  test('[TH-50] each change of state is told once, in the log and to the hook', async () => {
    const { store, clock, log, changes, throttle, ask, fail } = setUp('closed');
    await ask();
    expect([log, changes, throttle.storeState]).toEqual([[], [], 'up']);
    await fail(failure);
    const message = failure === 'hang' ? "The throttle's store did not answer within 20 ms." : 'gone';
    for (let second = 0; second < 3; second++) {
      await Promise.all([ask(), ask(), ask()]);
      clock.advance(1000);
    }
    expect(log).toEqual([`error: The throttle's store is down, throttled requests are answered with 503: ${message}`]);
    expect(changes).toEqual([['down', message]]);
    expect(throttle.storeState).toBe('down');
    store.mode = 'answer';
    await Promise.all([ask(), ask()]);
    await ask();
    expect(log.slice(1)).toEqual(["info: The throttle's store is up again."]);
    expect(changes.slice(1)).toEqual(['up']);
    expect(throttle.storeState).toBe('up');
  });

  test('[TH-50] one failure decides its own request and no other one', async () => {
    const { store, log, changes, ask } = setUp('closed', '100/h');
    for (let round = 0; round < 20; round++) {
      store.mode = failure;
      expect(await ask()).toEqual(UNAVAILABLE);
      store.mode = 'answer';
      expect((await ask('bob')).allowed).toBe(true);
    }
    expect(changes).toEqual([]);
    // It is said, but not each time.
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^warn: The throttle's store answers, but 1 request was decided without it/);
  });
});

describe('an answer is a sign of life', () => {
  test('[TH-50] also when it comes too late for its own request: the store does not go down for late answers', async () => {
    const { store, changes, ask } = setUp('closed', '100/h');
    for (let round = 0; round < 6; round++) {
      store.mode = 'hang';
      expect((await Promise.all([ask(), ask(), ask()])).every(({ unavailable }) => unavailable)).toBe(true);
      store.thaw();
      expect((await ask('bob')).allowed).toBe(true);
    }
    expect(changes).toEqual([]);
  });

  test('[TH-50] one that comes while the store is down brings it up at once', async () => {
    const { store, changes, ask, fail } = setUp('closed', '100/h');
    await fail('hang');
    store.thaw();
    await new Promise((resolve) => setImmediate(resolve));
    expect(changes.at(-1)).toBe('up');
    expect((await ask('bob')).allowed).toBe(true);
  });

  test('[TH-50] also when it is that a counter cannot be read, which decides its own request only', async () => {
    const consume = async ([{ key }]: readonly [Charge]) => {
      if (key.endsWith('bad')) throw new CounterError('The counter holds something else.');
      return memory.consume([{ key, tag: key, limit: 9, windowMilliseconds: 1000, cost: 1 }]);
    };
    const memory = memoryEngine();
    const engine = { consume, refund() {} } as unknown as ThrottleEngine;
    const throttle = createThrottle({ policies: { user: '1/h' }, engine });
    const ask = async (name: string) => throttle.compile(['user']).decide(user(name));
    for (let more = 0; more < 10; more++) expect((await ask('bad')).unavailable).toBe(true);
    expect(throttle.storeState).toBe('up');
    expect((await ask('good')).allowed).toBe(true);
  });

  test('[TH-50] a new connection of the engine brings the store up, before any request has tried it', async () => {
    let connected = () => {};
    const engine: ThrottleEngine = {
      consume: () => Promise.reject(new StoreAwayError('gone')),
      refund() {},
      onConnected(listener) {
        connected = listener;
      },
    };
    const throttle = createThrottle({ policies: { user: '1/h' }, engine });
    // That there is no connection needs to be found out by nobody else.
    await throttle.compile(['user']).decide(user('alice'));
    expect(throttle.storeState).toBe('down');
    connected();
    expect(throttle.storeState).toBe('up');
  });
});

test('[TH-50] throttles on one engine meet and tell one outage once', async () => {
  const store = new Store();
  const log: string[] = [];
  const changes: string[] = [];
  const logger = {
    info: (line: string) => void log.push(line),
    warn() {},
    error: (line: string) => void log.push(line),
  };
  const throttles = Array.from({ length: 3 }, () =>
    createThrottle(
      { policies: { user: '9/h' }, engine: store },
      { logger, onStoreStateChange: (state) => changes.push(state) },
    ),
  );
  store.mode = 'reject';
  for (const throttle of throttles) await throttle.compile(['user']).decide(user('alice'));
  expect(throttles.map(({ storeState }) => storeState)).toEqual(['down', 'down', 'down']);
  expect(log).toEqual(["The throttle's store is down, throttled requests are answered with 503: gone"]);
  expect(changes).toEqual(['down', 'down', 'down']);
});

test('[TH-45] what the mode `local` counted is given back like the rest, where the answer does not count', async () => {
  const policies = { user: { rate: '1/h', countWhen: 'refused' as const } };
  const { store, ask } = setUp('local', '9/h', { policies });
  store.mode = 'reject';
  for (let more = 0; more < 5; more++) {
    const outcome = await ask();
    expect(outcome.allowed).toBe(true);
    outcome.settle?.(200);
    outcome.settle?.(200);
  }
  (await ask()).settle?.(401);
  expect((await ask()).allowed).toBe(false);
});

test("[TH-65] what this process spent standing still is no part of the store's time", async () => {
  const { store, ask } = setUp('closed');
  store.mode = 'hang';
  const asking = ask();
  setImmediate(() => {
    const end = performance.now() + 300;
    while (performance.now() < end);
    // It was there all the time, and is read in the next turn.
    setImmediate(() => store.thaw());
  });
  expect((await asking).allowed).toBe(true);
});

describe('a decision that comes after the deadline', () => {
  test('is undone where the request was refused', async () => {
    const { store, clock, ask } = setUp('closed', '1/h');
    store.mode = 'hang';
    expect(await ask()).toEqual(UNAVAILABLE);
    store.thaw();
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.refunds).toHaveLength(1);
    clock.advance(1000);
    expect((await ask()).allowed).toBe(true);
  });

  test.each(['open', 'local'] as const)('is kept where the request was admitted (%s)', async (mode) => {
    const { store, clock, ask } = setUp(mode, '1/h');
    store.mode = 'hang';
    expect((await ask()).allowed).toBe(true);
    store.thaw();
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.refunds).toHaveLength(0);
    clock.advance(1000);
    expect((await ask()).allowed).toBe(false);
  });
});

test('a late rejection is nobody’s business any more', async () => {
  let fail: (error: Error) => void = () => {};
  const engine: ThrottleEngine = {
    consume: () =>
      new Promise((_, reject) => {
        fail = reject;
      }),
    refund: () => Promise.reject(new Error('refund')),
  };
  const throttle = createThrottle({ policies: { user: '1/h' }, engine, deadlineMilliseconds: 5 });
  expect((await throttle.compile(['user']).decide(user('alice'))).unavailable).toBe(true);
  fail(new Error('late'));
  // An unhandled rejection would end the process of the test.
  await new Promise((resolve) => setTimeout(resolve, 20));
});

test('a hook that throws does not change the decision', async () => {
  const store = new Store();
  store.mode = 'throw';
  const log: string[] = [];
  const throttle = createThrottle(
    { policies: { user: '1/h' }, engine: store },
    {
      logger: { info() {}, warn() {}, error: (message) => void log.push(message) },
      onStoreStateChange() {
        throw new Error('hook');
      },
    },
  );
  for (let more = 0; more < 3; more++) {
    expect(await throttle.compile(['user']).decide(user('alice'))).toEqual(UNAVAILABLE);
  }
  expect(log[1]).toBe('onStoreStateChange failed: hook');
});

test('a mistake is an exception and not a failure of the store', async () => {
  const mistake = new ConfigurationError('cannot count that');
  for (const consume of [
    () => {
      throw mistake;
    },
    () => Promise.reject(mistake),
  ]) {
    const throttle = createThrottle({
      policies: { user: '1/h' },
      engine: { consume, refund() {} },
      whenStoreFails: 'open',
    });
    await expect((async () => throttle.compile(['user']).decide(user('alice')))()).rejects.toBe(mistake);
    expect(throttle.storeState).toBe('up');
  }
});

describe('the budget of failed authentications', () => {
  const reserve = async (throttle: ReturnType<typeof setUp>['throttle'], address = 'ip:1') =>
    throttle.failedAuthentications.reserve(address);
  /** A try that fails. */
  const failed = async (throttle: ReturnType<typeof setUp>['throttle'], address?: string) => {
    const reservation = await reserve(throttle, address);
    reservation.fail();
    return reservation;
  };

  test('refuses an address whose failures used it up, and tells how long', () => {
    const throttle = createThrottle({ failedAuthentication: '2/m' }, { clock: new VirtualClock() });
    const ask = (address: string) => {
      const reservation = throttle.failedAuthentications.reserve(address) as FailureReservation;
      reservation.fail();
      return reservation;
    };
    expect([ask('ip:1'), ask('ip:1')]).toMatchObject([{ allowed: true, retryAfterSeconds: 0 }, { allowed: true }]);
    expect(ask('ip:1')).toMatchObject({ allowed: false, retryAfterSeconds: 60 });
    expect(ask('ip:2')).toMatchObject({ allowed: true });
  });

  test('is not touched by authentications that succeed, however often they are released', async () => {
    const throttle = createThrottle({ failedAuthentication: '2/m' });
    for (let more = 0; more < 10; more++) {
      const reservation = await reserve(throttle);
      expect(reservation.allowed).toBe(true);
      reservation.release();
      reservation.release();
      reservation.fail();
    }
    expect((await failed(throttle)).allowed).toBe(true);
    expect((await failed(throttle)).allowed).toBe(true);
    const refused = await failed(throttle);
    refused.release();
    expect((await reserve(throttle)).allowed).toBe(false);
  });

  test('[TH-48] a try waits for those under way, which may not fail; no more than the budget are looked at', async () => {
    const throttle = createThrottle({ failedAuthentication: '3/m' });
    const known: (FailureReservation | undefined)[] = Array.from({ length: 20 });
    known.forEach((_, index) => void reserve(throttle).then((one) => (known[index] = one)));
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    const [places, answered] = [
      () => known.filter((one) => one?.allowed),
      () => known.filter((one) => one !== undefined),
    ];
    await settled();
    expect([places().length, answered().length]).toEqual([3, 3]);
    // Each success lets one of those that wait go on.
    for (let more = 4; more <= 10; more += 1) {
      places()[more - 4]?.release();
      await settled();
      expect([places().length, answered().length]).toEqual([more, more]);
    }
    // Three failures use the budget up: all that wait are refused.
    for (const one of places().slice(7)) one?.fail();
    await settled();
    expect([places().length, answered().length]).toEqual([10, 20]);
  });

  test('tries under way are no failures to those who count failures alone', async () => {
    const { failedAuthentications } = createThrottle({ failedAuthentication: '2/m' });
    for (let more = 0; more < 2; more += 1) await failedAuthentications.reserve('ip:1');
    expect(failedAuthentications.fail('ip:1')).toBe(0);
    expect(failedAuthentications.retryAfterSeconds('ip:1')).toBe(0);
  });

  test('is 300 a minute by default, and none at null', async () => {
    const allowed = async (throttle: ReturnType<typeof createThrottle>) => {
      let count = 0;
      for (let more = 0; more < 400; more++) if ((await failed(throttle)).allowed) count++;
      return count;
    };
    expect(await allowed(createThrottle({}))).toBe(300);
    expect(await allowed(createThrottle({ failedAuthentication: null }))).toBe(400);
  });

  test.each(failures)('is counted in this process while the store fails (%s), in every mode', async (failure) => {
    for (const mode of ['closed', 'open', 'local'] as const) {
      const { store, throttle } = setUp(mode, '1/h', { failedAuthentication: '2/m' });
      store.mode = failure;
      expect(await failed(throttle)).toMatchObject({ allowed: true });
      expect(await failed(throttle)).toMatchObject({ allowed: true });
      const refused = await failed(throttle);
      expect(refused).toMatchObject({ allowed: false });
      expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    }
  });

  test('counts failures alone, and knows without asking when it is spent and until when', () => {
    const clock = new VirtualClock();
    const { failedAuthentications } = createThrottle({ failedAuthentication: '2/m' }, { clock });
    const known = () => failedAuthentications.retryAfterSeconds('ip:1');
    expect([known(), failedAuthentications.fail('ip:1'), known()]).toEqual([0, 0, 0]);
    expect([failedAuthentications.fail('ip:1'), known()]).toEqual([0, 60]);
    expect(failedAuthentications.fail('ip:1')).toBe(60);
    expect(failedAuthentications.retryAfterSeconds('ip:2')).toBe(0);
    clock.advance(59_001);
    expect(known()).toBe(1);
    clock.advance(999);
    expect([known(), failedAuthentications.fail('ip:1'), known()]).toEqual([0, 0, 0]);
  });

  test.each(failures)(
    'failures are counted in this process while the store fails (%s), in every mode',
    async (failure) => {
      for (const mode of ['closed', 'open', 'local'] as const) {
        const { store, throttle } = setUp(mode, '1/h', { failedAuthentication: '2/m' });
        store.mode = failure;
        const { failedAuthentications } = throttle;
        expect([await failedAuthentications.fail('ip:1'), await failedAuthentications.fail('ip:1')]).toEqual([0, 0]);
        expect(failedAuthentications.retryAfterSeconds('ip:1')).toBeGreaterThan(0);
        expect(await failedAuthentications.fail('ip:1')).toBeGreaterThan(0);
      }
    },
  );

  test('gives back where it was taken', async () => {
    const { store, throttle } = setUp('closed', '1/h', { failedAuthentication: '1/m' });
    const shared = await reserve(throttle);
    store.mode = 'throw';
    const local = await reserve(throttle);
    expect([shared.allowed, local.allowed]).toEqual([true, true]);
    shared.release();
    expect(store.refunds).toHaveLength(1);
    local.release();
    expect((await failed(throttle)).allowed).toBe(true);
    expect((await failed(throttle)).allowed).toBe(false);
    expect(store.refunds).toHaveLength(1);
  });
});
