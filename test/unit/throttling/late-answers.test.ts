import { describe, expect, test } from '@jest/globals';
import {
  type Charge,
  CounterError,
  createThrottle,
  memoryEngine,
  StoreAwayError,
  type ThrottleEngine,
} from '../../../src/throttling/index.js';
import { setUp, UNAVAILABLE } from '../../support/throttling/failing-store.js';
import { user } from '../../support/throttling/subjects.js';

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

test('a late rejection is nobody’s business any more, nor a second failure of its request', async () => {
  const fail: ((error: Error) => void)[] = [];
  const engine: ThrottleEngine = {
    consume: () => new Promise((_, reject) => fail.push(reject)),
    refund: () => Promise.reject(new Error('refund')),
  };
  const throttle = createThrottle({ policies: { user: '1/h' }, engine, deadlineMilliseconds: 5 });
  const ask = async () => throttle.compile(['user']).decide(user('alice'));
  const outcomes = await Promise.all([ask(), ask(), ask()]);
  expect(outcomes.map(({ unavailable }) => unavailable)).toEqual([true, true, true]);
  for (const reject of fail) reject(new Error('late'));
  // An unhandled rejection would end the process of the test.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(throttle.storeState).toBe('up');
});
