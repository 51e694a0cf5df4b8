import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { CircuitBreaker } from '../../../src/throttling/circuit-breaker.js';
import {
  type Charge,
  CounterError,
  StoreAwayError,
  type ThrottleDecision,
  type ThrottleEngine,
  UndecidedError,
} from '../../../src/throttling/index.js';
import { StoreLateError } from '../../../src/throttling/store-errors.js';
import { StoreGuard } from '../../../src/throttling/store-guard.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

const charges: readonly Charge[] = [{ key: 'k', tag: 'k', limit: 2, windowMilliseconds: 1000, cost: 1 }];
const DECISION: ThrottleDecision = {
  allowed: true,
  results: [{ allowed: true, remaining: 1, resetMilliseconds: 1000 }],
};
const UNKNOWN = { allowed: undefined, knownInMilliseconds: 0 };

/** A guard of an engine that does what its test says with each request. */
function guardOf(more: Partial<ThrottleEngine> = {}) {
  const clock = new VirtualClock();
  const next: { answer: () => ThrottleDecision | Promise<ThrottleDecision> } = { answer: () => DECISION };
  const engine: ThrottleEngine = { consume: () => next.answer(), refund() {}, ...more };
  const breaker = CircuitBreaker.of(engine, 50, clock);
  const guard = new StoreGuard({ engine, breaker, deadlineMilliseconds: 50 });
  const ask = async (answer: () => ThrottleDecision | Promise<ThrottleDecision>) => {
    next.answer = answer;
    return guard.decide(charges, true);
  };
  return { clock, breaker, guard, ask };
}

const thrown = (error: Error) => () => {
  throw error;
};
const rejected = (error: Error) => () => Promise.reject(error);
const gone = thrown(new Error('gone'));

describe('a store is up', () => {
  const ways = [
    ['at once', () => DECISION],
    ['later', async () => DECISION],
    ['that it cannot read a counter', thrown(new CounterError('no count'))],
    ['later that it cannot read a counter', rejected(new CounterError('no count'))],
    ['that it lost its counters', thrown(new UndecidedError(9))],
    ['later that it lost its counters', rejected(new UndecidedError(9))],
  ] as const;

  test.each(ways)('if it answers between failures: %s', async (_, answer) => {
    const { ask, guard } = guardOf();
    for (const one of [gone, gone, answer, gone, gone]) await ask(one);
    expect(guard.state).toBe('up');
    await ask(gone);
    expect(guard.state).toBe('down');
  });

  test.each([ways[0], ways[4]])(
    'not because an engine that decides alone answers (%s), which may be from its memory',
    async (_, answer) => {
      const { ask, guard } = guardOf({ consumeAlone: () => undefined });
      for (const one of [gone, gone, answer, gone]) await ask(one);
      expect(guard.state).toBe('down');
    },
  );
});

describe('an engine that cannot decide', () => {
  test.each([
    ['lost its counters', new UndecidedError(9), { allowed: undefined, knownInMilliseconds: 9 }],
    ['cannot read a counter', new CounterError('no count'), UNKNOWN],
    ['fails', new Error('gone'), UNKNOWN],
    ['is late', new StoreLateError('late'), UNKNOWN],
    ['is away', new StoreAwayError('away'), UNKNOWN],
  ])('says nothing of a request, whether it throws or rejects: it %s', async (_, error, answer) => {
    const { ask } = guardOf();
    expect(await ask(thrown(error))).toEqual(answer);
    expect(await guardOf().ask(rejected(error))).toEqual(answer);
  });

  test('is no failing store if a request is a mistake, which its caller hears of', async () => {
    const mistake = new ConfigurationError('cannot count that');
    const { ask, guard } = guardOf();
    for (let more = 0; more < 3; more += 1) {
      await expect(ask(thrown(mistake))).rejects.toBe(mistake);
      await expect(ask(rejected(mistake))).rejects.toBe(mistake);
    }
    expect(guard.state).toBe('up');
  });
});

describe('while a store is down', () => {
  const down = async (more: Partial<ThrottleEngine> = {}) => {
    const made = guardOf(more);
    for (let request = 0; request < 3; request += 1) await made.ask(gone);
    expect(made.guard.state).toBe('down');
    return made;
  };

  test('a request is decided from what the engine holds, if it holds anything', async () => {
    let held: ThrottleDecision | undefined = DECISION;
    const { ask } = await down({ consumeHeld: () => held });
    expect(await ask(gone)).toBe(DECISION);
    held = undefined;
    expect(await ask(gone)).toEqual(UNKNOWN);
    expect(await (await down()).ask(gone)).toEqual(UNKNOWN);
  });

  test.each([
    ['was a mistake', thrown(new ConfigurationError('cannot count that'))],
    ['was a mistake, as was found later', rejected(new ConfigurationError('cannot count that'))],
    ['the engine decided alone', () => DECISION],
  ] as const)('the next request tries it after one that %s', async (_, answer) => {
    const { ask, clock, guard } = await down({ consumeAlone: () => undefined });
    clock.advance(50);
    await ask(answer).catch(() => {});
    expect(guard.state).toBe('down');
    let asked = 0;
    await ask(async () => {
      asked += 1;
      return DECISION;
    });
    expect([asked, guard.state]).toEqual([1, 'up']);
  });

  test('the pauses grow after failures, and not after failures of requests that did not try it', async () => {
    const { ask, clock } = await down();
    let asked = 0;
    const failing = () => {
      asked += 1;
      throw new Error('gone');
    };
    for (const pause of [49, 1, 99, 1]) {
      clock.advance(pause);
      await ask(failing);
    }
    expect(asked).toBe(2);
  });
});

test('a refund that fails is nothing to its caller, now or later', async () => {
  for (const refund of [thrown(new Error('gone')), async () => thrown(new Error('gone'))()]) {
    guardOf({ refund }).guard.refund(charges, DECISION);
  }
  await new Promise((resolve) => setImmediate(resolve));
});

test('a decision that is known in time is that of the engine; none is undefined', async () => {
  const { guard, ask } = guardOf({ consumeAlone: () => DECISION });
  expect(await guard.consume(charges, true)).toBe(DECISION);
  await ask(gone);
  expect(await guard.consume(charges, true)).toBeUndefined();
  expect(guard.consumeAlone(charges)).toBe(DECISION);
  expect(guardOf().guard.consumeAlone(charges)).toBeUndefined();
});
