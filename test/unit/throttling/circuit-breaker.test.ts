import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { CircuitBreaker } from '../../../src/throttling/circuit-breaker.js';
import type { ThrottleEngine } from '../../../src/throttling/index.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

const error = new Error('gone');

function breakerOf(deadlineMilliseconds = 100) {
  const clock = new VirtualClock();
  const engine = { consume() {}, refund() {} } as unknown as ThrottleEngine;
  const breaker = CircuitBreaker.of(engine, deadlineMilliseconds, clock);
  const log: string[] = [];
  const write = (line: string) => void log.push(line);
  breaker.observe({ logger: { info: write, warn: write, error: write }, meanwhile: 'nothing is done' });
  return { breaker, clock, log };
}

/** A store that has been found to be down, so that the first pause begins. */
function downBreaker() {
  const made = breakerOf();
  for (let more = 0; more < 3; more += 1) made.breaker.failed(error, false);
  expect(made.breaker.state).toBe('down');
  return made;
}

describe('a store that is silent', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Lets requests wait for so many turns. */
  const pass = (breaker: CircuitBreaker, turns: number) => {
    const waiting = { deadlineTurn: 0, overdue() {} };
    breaker.deadlines.start(waiting, Number.MAX_SAFE_INTEGER);
    const until = breaker.deadlines.turns + turns;
    while (breaker.deadlines.turns < until) jest.advanceTimersToNextTimer();
    breaker.deadlines.end(waiting);
  };

  test.each([
    // 250 ms at least, in turns of a tenth of the deadline.
    [100, 3, 25, 'down'],
    [100, 3, 24, 'up'],
    [100, 2, 25, 'up'],
    // Two deadlines, where that is more.
    [1000, 3, 20, 'down'],
    [1000, 3, 19, 'up'],
  ])(
    'with a deadline of %i ms and %i requests without an answer in %i turns is %s',
    (deadline, misses, turns, state) => {
      const { breaker } = breakerOf(deadline);
      pass(breaker, turns);
      for (let more = 0; more < misses; more += 1) breaker.missed(error, breaker.answers, false);
      expect(breaker.state).toBe(state);
    },
  );

  test('has not been silent if it answered another request meanwhile, which is told at once', () => {
    const { breaker, log } = breakerOf();
    const before = breaker.answers;
    breaker.heard();
    pass(breaker, 25);
    for (let more = 0; more < 4; more += 1) breaker.missed(error, before, false);
    expect(breaker.state).toBe('up');
    expect(log).toEqual([expect.stringContaining('answers, but 1 request was decided without it')]);
  });
});

describe('a store that is down', () => {
  test('is tried by one request at a time, and again in the next outage', () => {
    const { breaker, clock } = downBreaker();
    for (let outage = 0; outage < 2; outage += 1) {
      expect(breaker.admit()).toBe('leave');
      clock.advance(50);
      expect([breaker.admit(), breaker.admit()]).toEqual(['probe', 'leave']);
      breaker.heard();
      for (let more = 0; more < 3; more += 1) breaker.failed(error, false);
    }
  });

  test('is tried no later for requests that were on their way when it went down', () => {
    const { breaker, clock } = downBreaker();
    clock.advance(40);
    breaker.failed(error, false);
    breaker.missed(error, breaker.answers, false);
    clock.advance(10);
    expect(breaker.admit()).toBe('probe');
    breaker.failed(error, false);
    expect(breaker.admit()).toBe('leave');
  });

  test('is tried by the next request after one that could not try it', () => {
    const { breaker, clock } = downBreaker();
    clock.advance(50);
    expect(breaker.admit()).toBe('probe');
    breaker.probedInVain();
    expect([breaker.state, breaker.admit()]).toEqual(['down', 'probe']);
  });
});
