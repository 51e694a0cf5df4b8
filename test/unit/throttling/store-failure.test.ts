import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { createThrottle, type ThrottleOutcome } from '../../../src/throttling/index.js';
import { FailingStore, failures, setUp, UNAVAILABLE } from '../../support/throttling/failing-store.js';
import { user } from '../../support/throttling/subjects.js';

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
    const { store, clock, ask } = setUp('local');
    store.mode = failure;
    for (const left of [2, 1, 0]) {
      expect(await ask()).toMatchObject({ allowed: true, fields: { ratelimit: `"user";r=${left};t=3600` } });
    }
    expect(await ask()).toMatchObject({ allowed: false, unavailable: false, retryAfterSeconds: 3600 });
    expect((await ask('bob')).allowed).toBe(true);
    clock.advance(3_600_000);
    expect((await ask()).allowed).toBe(true);
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

test('[TH-50] throttles on one engine meet and tell one outage once', async () => {
  const store = new FailingStore();
  const log: string[] = [];
  const changes: string[] = [];
  const logger = {
    info: (line: string) => void log.push(line),
    warn() {},
    error: (line: string) => void log.push(line),
  };
  const throttles = Array.from({ length: 3 }, () =>
    createThrottle(
      { policies: { user: '9/h' }, engine: store, onStoreStateChange: (state) => changes.push(state) },
      { logger },
    ),
  );
  store.mode = 'reject';
  for (const throttle of throttles) await throttle.compile(['user']).decide(user('alice'));
  expect(throttles.map(({ storeState }) => storeState)).toEqual(['down', 'down', 'down']);
  expect(log).toEqual(["The throttle's store is down, throttled requests are answered with 503: gone"]);
  expect(changes).toEqual(['down', 'down', 'down']);
});

test('a function that several throttles share is told of each change once', async () => {
  const store = new FailingStore();
  const changes: string[] = [];
  const onStoreStateChange = (state: string) => changes.push(state);
  const throttles = ['a', 'b', 'c'].map(() =>
    createThrottle({ policies: { user: '9/h' }, engine: store, onStoreStateChange }),
  );
  store.mode = 'reject';
  for (const throttle of throttles) await throttle.compile(['user']).decide(user('alice'));
  expect(changes).toEqual(['down']);
});

test('[TH-45] what the mode `local` counted is returned like the rest, where the answer does not count', async () => {
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

test('an engine that can decide alone does so in the mode `local`, and is returned what does not count', async () => {
  const refunds: unknown[] = [];
  const alone = { allowed: true, results: [{ allowed: true, remaining: 3, resetMilliseconds: 1000 }] };
  const engine = {
    consume: () => Promise.reject(new Error('gone')),
    consumeAlone: () => alone,
    refund: (_: unknown, decision: unknown) => void refunds.push(decision),
  };
  const { ask } = setUp('local', '9/h', { engine, policies: { user: { rate: '9/h', countWhen: 'refused' } } });
  const { allowed, fields, settle } = await ask();
  expect([allowed, fields.ratelimit]).toEqual([true, '"user";r=3;t=1']);
  settle?.(200);
  expect(refunds).toEqual([{ allowed: true, results: alone.results }]);
});

test('a hook that throws does not change the decision', async () => {
  const store = new FailingStore();
  store.mode = 'throw';
  const log: string[] = [];
  const throttle = createThrottle(
    {
      policies: { user: '1/h' },
      engine: store,
      onStoreStateChange() {
        throw new Error('hook');
      },
    },
    { logger: { info() {}, warn() {}, error: (message) => void log.push(message) } },
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
