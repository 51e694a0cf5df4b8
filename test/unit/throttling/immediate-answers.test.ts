import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  type Charge,
  CounterError,
  createThrottle,
  memoryEngine,
  type ThrottleDecision,
  type ThrottleEngine,
  UndecidedError,
} from '../../../src/throttling/index.js';
import { StoreLateError } from '../../../src/throttling/store-errors.js';
import { user } from '../../support/throttling/subjects.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

type Answer = (charges: readonly Charge[]) => ThrottleDecision | Promise<ThrottleDecision>;

const fails: Answer = () => Promise.reject(new Error('gone'));
const decides: Answer = (charges) => memoryEngine().consume(charges);
const throwing =
  (error: Error): Answer =>
  () => {
    throw error;
  };

/** A throttle on an engine that answers as it is told. */
function throttleOf(more: Partial<ThrottleEngine> = {}) {
  const clock = new VirtualClock();
  const log: string[] = [];
  const write = (line: string) => void log.push(line);
  const store = { answer: decides, asked: 0 };
  const engine: ThrottleEngine = {
    consume(charges) {
      store.asked += 1;
      return store.answer(charges);
    },
    refund() {},
    ...more,
  };
  const throttle = createThrottle(
    { policies: { user: '9/h' }, engine },
    { clock, logger: { info: write, warn: write, error: write } },
  );
  const compiled = throttle.compile(['user']);
  const ask = async () => compiled.decide(user('alice'));
  /** Lets the store be found down, and the pause before the next try be over. */
  const goDown = async () => {
    store.answer = fails;
    while (throttle.storeState === 'up') await ask();
    clock.advance(50);
  };
  return { store, clock, log, throttle, ask, goDown };
}

describe('a store that answers, but cannot decide', () => {
  test.each([
    [2500, 3],
    [2000, 2],
    [1000, 1],
    [0, 1],
  ])('in %i ms is asked again in %i s, and stays up', async (milliseconds, retryAfterSeconds) => {
    for (const answer of [
      throwing(new UndecidedError(milliseconds)),
      () => Promise.reject(new UndecidedError(milliseconds)),
    ]) {
      const { store, throttle, ask } = throttleOf();
      store.answer = answer;
      for (let more = 0; more < 5; more += 1) {
        expect(await ask()).toEqual({ allowed: false, unavailable: true, retryAfterSeconds, fields: {} });
      }
      expect(throttle.storeState).toBe('up');
    }
  });

  test('decides its own request only, which is told once', async () => {
    const { store, throttle, ask, log } = throttleOf();
    store.answer = throwing(new CounterError('no count'));
    for (let more = 0; more < 5; more += 1) expect(await ask()).toMatchObject({ unavailable: true });
    expect(throttle.storeState).toBe('up');
    expect(log).toEqual([expect.stringContaining('answers, but 1 request was decided without it')]);
  });
});

test('a store that was late for the engine itself is not down while it was not silent for long', async () => {
  const { store, throttle, ask } = throttleOf();
  store.answer = () => Promise.reject(new StoreLateError('late'));
  for (let more = 0; more < 10; more += 1) {
    expect(await ask()).toEqual({ allowed: false, unavailable: true, retryAfterSeconds: 1, fields: {} });
  }
  expect(throttle.storeState).toBe('up');
});

describe('a failure between answers', () => {
  test.each<[string, Answer, boolean]>([
    ['a decision at once', decides, true],
    ['at once that it cannot decide', throwing(new UndecidedError(5000)), false],
    ['at once that a counter cannot be read', throwing(new CounterError('no count')), false],
    ['a decision', async (charges) => decides(charges), true],
    ['that it cannot decide', () => Promise.reject(new UndecidedError(5000)), false],
    ['that a counter cannot be read', () => Promise.reject(new CounterError('no count')), false],
  ])('does not add up with others to an outage: %s', async (_, answer, allowed) => {
    const { store, throttle, ask } = throttleOf();
    for (let more = 0; more < 5; more += 1) {
      store.answer = throwing(new Error('busy'));
      expect((await ask()).unavailable).toBe(true);
      store.answer = answer;
      expect((await ask()).allowed).toBe(allowed);
    }
    expect(throttle.storeState).toBe('up');
  });

  test('does so if the engine has memory, because answers at once say nothing of the store then', async () => {
    const { store, throttle, ask } = throttleOf({ consumeAlone: () => undefined });
    for (let more = 0; more < 3; more += 1) {
      expect(throttle.storeState).toBe('up');
      store.answer = throwing(new Error('gone'));
      await ask();
      store.answer = decides;
      await ask();
    }
    expect(throttle.storeState).toBe('down');
  });
});

test('a request that was under way when the store went down does not put off the next try', async () => {
  const { store, throttle, clock, ask } = throttleOf();
  let fail: (error: Error) => void = () => {};
  store.answer = () =>
    new Promise((_, reject) => {
      fail = reject;
    });
  const early = ask();
  store.answer = fails;
  while (throttle.storeState === 'up') await ask();
  clock.advance(40);
  fail(new Error('gone'));
  expect((await early).unavailable).toBe(true);
  clock.advance(10);
  const { asked } = store;
  await ask();
  expect(store.asked).toBe(asked + 1);
});

test('while one request tries the store, a mistake in one from before lets no other one try it', async () => {
  const { store, throttle, clock, ask } = throttleOf();
  let fail: (error: Error) => void = () => {};
  const waits: Answer = () =>
    new Promise((_, reject) => {
      fail = reject;
    });
  store.answer = waits;
  const early = ask();
  const failEarly = fail;
  store.answer = fails;
  while (throttle.storeState === 'up') await ask();
  clock.advance(50);
  store.answer = waits;
  const probe = ask();
  const { asked } = store;
  failEarly(new ConfigurationError('cannot count that'));
  await expect(early).rejects.toThrow('cannot count that');
  expect((await ask()).unavailable).toBe(true);
  expect(store.asked).toBe(asked);
  fail(new Error('gone'));
  expect((await probe).unavailable).toBe(true);
});

test.each<[string, () => void | Promise<void>]>([
  ['rejects', () => Promise.reject(new Error('gone'))],
  [
    'throws',
    () => {
      throw new Error('gone');
    },
  ],
])('a refund that %s is nobody’s business', async (_, refund) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note);
  const engine: ThrottleEngine = { consume: decides, refund };
  const policies = { user: { rate: '9/h', countWhen: 'refused' as const } };
  const outcome = await createThrottle({ policies, engine }).compile(['user']).decide(user('alice'));
  outcome.settle?.(200);
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('an answer at once, while the store is down', () => {
  test.each([
    ['a decision', decides, true],
    ['that it cannot decide', throwing(new UndecidedError(5000)), false],
    ['that a counter cannot be read', throwing(new CounterError('no count')), false],
  ])('brings it up if it is of the store: %s', async (_, answer, allowed) => {
    const { store, throttle, ask, goDown } = throttleOf();
    await goDown();
    store.answer = answer;
    expect((await ask()).allowed).toBe(allowed);
    expect(throttle.storeState).toBe('up');
  });

  test.each([
    ['a decision', decides, true],
    ['that it cannot decide', throwing(new UndecidedError(5000)), false],
  ])('says nothing of it if the engine has memory, and the next request tries it: %s', async (_, answer, allowed) => {
    const { store, throttle, ask, goDown } = throttleOf({ consumeAlone: () => undefined });
    await goDown();
    store.answer = answer;
    for (let more = 0; more < 3; more += 1) {
      const { asked } = store;
      expect((await ask()).allowed).toBe(allowed);
      expect([throttle.storeState, store.asked]).toEqual(['down', asked + 1]);
    }
    store.answer = async (charges) => decides(charges);
    expect((await ask()).allowed).toBe(true);
    expect(throttle.storeState).toBe('up');
  });

  test('that is a mistake of the host says nothing of it, and the next request tries it', async () => {
    const { store, throttle, ask, goDown } = throttleOf();
    await goDown();
    store.answer = throwing(new ConfigurationError('cannot count that'));
    for (let more = 0; more < 2; more += 1) await expect(ask()).rejects.toThrow('cannot count that');
    expect(throttle.storeState).toBe('down');
  });
});

test('while the store is left alone, the engine decides from what it holds, if it can', async () => {
  const held: { decision: ThrottleDecision | undefined } = { decision: undefined };
  const { store, ask, goDown, clock } = throttleOf({ consumeHeld: () => held.decision });
  await goDown();
  clock.advance(-50);
  const { asked } = store;
  expect(await ask()).toMatchObject({ allowed: false, unavailable: true });
  held.decision = { allowed: true, results: [{ allowed: true, remaining: 4, resetMilliseconds: 1000 }] };
  expect(await ask()).toMatchObject({ allowed: true, fields: { ratelimit: '"user";r=4;t=1' } });
  expect(store.asked).toBe(asked);
});
