import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { SlidingLog } from '../../../src/throttling/engines/memory-sliding-log.js';
import {
  createThrottle,
  memoryEngine,
  type PolicyOptions,
  rateLimiterFlexibleEngine,
  type ThrottleAlgorithm,
  type ThrottleOutcome,
} from '../../../src/throttling/index.js';
import { user } from '../../support/throttling/subjects.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

function throttleOf(policy: PolicyOptions) {
  const clock = new VirtualClock();
  const throttle = createThrottle({ policies: { user: policy } }, { clock });
  const compiled = throttle.compile(['user']);
  return { clock, ask: () => compiled.decide(user('alice')) as ThrottleOutcome };
}

describe('a sliding window', () => {
  test('with 3/min and calls at 0, 20 and 40 s admits the next at 60 s, as DRF does', () => {
    const { clock, ask } = throttleOf({ rate: '3/min', algorithm: 'sliding-window' });
    for (let call = 0; call < 3; call++) {
      expect(ask().allowed).toBe(true);
      clock.advance(20_000);
    }
    clock.advance(-1);
    expect(ask()).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
    clock.advance(1);
    expect(ask().allowed).toBe(true);
    expect(ask()).toMatchObject({ allowed: false, retryAfterSeconds: 20 });
  });

  test('tells how long a refused caller has to wait, and when all is there again', () => {
    const { clock, ask } = throttleOf({ rate: '2/min', algorithm: 'sliding-window' });
    expect(ask().fields.ratelimit).toBe('"user";r=1;t=60');
    clock.advance(15_000);
    expect(ask().fields.ratelimit).toBe('"user";r=0;t=60');
    clock.advance(15_000);
    expect(ask()).toMatchObject({ allowed: false, retryAfterSeconds: 30, fields: { ratelimit: '"user";r=0;t=30' } });
  });
});

test('units that are returned after their time take nothing from others of the same hundredth of a window', () => {
  const log = new SlidingLog(20_000);
  log.add(1000, 1);
  log.add(1050, 1);
  log.remove(1000, 1, 21_000);
  expect(log.used(21_000)).toBe(1);
});

const BOUNDS: Record<ThrottleAlgorithm, number> = { 'fixed-window': 2, 'sliding-window': 1 };

test.each(Object.keys(BOUNDS) as ThrottleAlgorithm[])(
  'in any span of the window, %s admits no more than its bound',
  (algorithm) => {
    const arrivals = fc.array(fc.constantFrom(0, 0, 1, 3, 7, 40, 99, 100, 250, 990), { maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(fc.constantFrom(1, 4, 50, 400), arrivals, fc.constantFrom(1, 5), (limit, pauses, burst) => {
        const windowMilliseconds = 1000;
        const clock = new VirtualClock();
        const engine = memoryEngine({ clock });
        const charge = { key: 'k', tag: 'k', limit, windowMilliseconds, cost: 1, algorithm };
        const times: number[] = [];
        for (const pause of pauses) {
          clock.advance(pause);
          for (let call = 0; call < burst; call++) {
            if (engine.consume([charge]).allowed) times.push(clock.milliseconds);
          }
        }
        let first = 0;
        times.forEach((time, last) => {
          while ((times[first] as number) <= time - windowMilliseconds) first++;
          expect(last - first + 1).toBeLessThanOrEqual((BOUNDS[algorithm] as number) * limit);
        });
      }),
      { numRuns: 100 },
    );
  },
);

test('the log of a sliding window frees no unit early, and none more than a hundredth of the window late', () => {
  const step = fc.record({ pause: fc.integer({ min: 0, max: 30 }), units: fc.integer({ min: 1, max: 3 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 600, size: 'max' }), (steps) => {
      const windowMilliseconds = 2000;
      const log = new SlidingLog(windowMilliseconds);
      const exact: { at: number; units: number }[] = [];
      let now = 1_000_000;
      const counting = (from: number) => exact.reduce((sum, { at, units }) => sum + (at > from ? units : 0), 0);
      for (const { pause, units } of steps) {
        now += pause;
        log.add(now, units);
        exact.push({ at: now, units });
        const used = log.used(now);
        expect(used).toBeGreaterThanOrEqual(counting(now - windowMilliseconds));
        expect(used).toBeLessThanOrEqual(counting(now - windowMilliseconds * 1.01));
      }
    }),
    { numRuns: 40 },
  );
});

describe('an algorithm', () => {
  test('that is none is an error at start-up', () => {
    const policies = { user: { rate: '5/h', algorithm: 'token-bucket' as ThrottleAlgorithm } };
    expect(() => createThrottle({ policies })).toThrow(
      `The option throttling.policies.user.algorithm cannot be a string: use 'fixed-window' or 'sliding-window'.`,
    );
  });

  test('that the engine does not have is an error at start-up, and an exception for a rate of a function', () => {
    const engine = rateLimiterFlexibleEngine(
      (points, duration, keyPrefix) => new RateLimiterMemory({ points, duration, keyPrefix }),
    );
    const message = /rate-limiter-flexible counts in fixed windows only/;
    const algorithm = 'sliding-window';
    expect(() => createThrottle({ engine, policies: { user: { rate: '5/h', algorithm } } })).toThrow(message);
    const throttle = createThrottle({ engine, policies: { user: { rate: () => '5/h', algorithm } } });
    expect(() => throttle.compile(['user']).decide(user('alice'))).toThrow(message);
  });

  test('makes another policy of an inline one', () => {
    const throttle = createThrottle({});
    throttle.compile([{ name: 'export', rate: '5/h' }]);
    expect(() => throttle.compile([{ name: 'export', rate: '5/h', algorithm: 'sliding-window' }])).toThrow(
      '(policy export) cannot be an object: another throttling policy',
    );
  });
});
