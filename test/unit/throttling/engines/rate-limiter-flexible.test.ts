import { describe, expect, test } from '@jest/globals';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import {
  type Charge,
  createThrottle,
  type FlexibleLimiter,
  type FlexibleLimiterFactory,
  rateLimiterFlexibleEngine,
} from '../../../../src/throttling/index.js';
import { VirtualClock } from '../../../support/throttling/virtual-clock.js';

const memory: FlexibleLimiterFactory = (points, duration, keyPrefix) =>
  new RateLimiterMemory({ points, duration, keyPrefix });
const charge = (limit: number, windowMilliseconds: number, policy = 'user', cost = 1): Charge => ({
  key: `${policy}:user:alice`,
  tag: 'user:alice',
  limit,
  windowMilliseconds,
  cost,
});

const rateOf = (limit: number) => ({ limit, windowSeconds: 60, windowMilliseconds: 60_000 });

describe('the engine of rate-limiter-flexible', () => {
  test('asks for each rate once, with its prefix', async () => {
    const made: unknown[] = [];
    const engine = rateLimiterFlexibleEngine((...rate) => {
      made.push(rate);
      return memory(...rate);
    });
    createThrottle({
      policies: { user: '5/m', other: '5/m', more: '6/m', none: '0/m' },
      engine,
      failedAuthentication: null,
    });
    await engine.consume([charge(5, 60_000), charge(6, 60_000)]);
    expect(made).toEqual([
      [5, 60, 'oauth2:throttle'],
      [6, 60, 'oauth2:throttle'],
    ]);
  });

  test.each<[string, FlexibleLimiterFactory, string, RegExp]>([
    ['more than 24.8 days in memory', memory, '5/30d', /in 2592000 s RateLimiterMemory would reset immediately/],
    [
      'more than 24.8 days in memory while its store is away',
      (points, duration) => ({
        ...{ consume: async () => new RateLimiterRes(), reward: async () => new RateLimiterRes() },
        ...{ penalty: async () => new RateLimiterRes(), get: async () => null },
        insuranceLimiter: new RateLimiterMemory({ points, duration }),
      }),
      '5/30d',
      /for 5 in 2592000 s RateLimiterMemory would reset immediately, because a timer cannot run for more than 24\.8 days; use a shorter period, a store, or memoryEngine\(\)/,
    ],
    [
      'another limit',
      (_, duration) => new RateLimiterMemory({ points: 9000, duration }),
      '5/m',
      /\.points cannot be 9000: .* it must be 5/,
    ],
    [
      'another window',
      (points) => new RateLimiterMemory({ points, duration: 9 }),
      '5/m',
      /\.duration cannot be 9: .* it must be 60/,
    ],
    [
      'a block beyond the window',
      (points, duration) => new RateLimiterMemory({ points, duration, blockDuration: 5 }),
      '5/m',
      /\.blockDuration cannot be 5: .* it must be 0/,
    ],
    [
      'delays',
      (points, duration) => new RateLimiterMemory({ points, duration, execEvenly: true }),
      '5/m',
      /\.execEvenly cannot be true: .* it must be false/,
    ],
    ['no limiter', () => ({}) as FlexibleLimiter, '5/m', /it must have consume\(\)/],
  ])('refuses at start-up a limiter with %s', (_, factory, rate, message) => {
    expect(() => createThrottle({ policies: { user: rate }, engine: rateLimiterFlexibleEngine(factory) })).toThrow(
      message,
    );
  });

  test('refuses a window that is not of whole seconds, which Redis would keep for ever', async () => {
    await expect(rateLimiterFlexibleEngine(memory).consume([charge(5, 500)])).rejects.toThrow('use whole seconds');
  });

  test('refuses to be made of anything but a function', () => {
    expect(() => rateLimiterFlexibleEngine(new RateLimiterMemory({ points: 1, duration: 1 }) as never)).toThrow(
      'give a function that makes a limiter',
    );
  });

  test('returns what it spent when a later charge fails for the store’s sake', async () => {
    const broken: FlexibleLimiter = {
      ...({} as FlexibleLimiter),
      consume: async () => Promise.reject(new Error('gone')),
      reward: async () => new RateLimiterRes(),
      penalty: async () => new RateLimiterRes(),
      get: async () => null,
    };
    const engine = rateLimiterFlexibleEngine((limit, ...rest) => (limit === 5 ? memory(limit, ...rest) : broken));
    await expect(engine.consume([charge(5, 60_000), charge(6, 60_000)])).rejects.toThrow('gone');
    expect((await engine.consume([charge(5, 60_000, 'user', 0)])).results[0]?.remaining).toBe(5);
  });

  test('gives limiters the prefix of the host, which is a text', async () => {
    const prefixes: string[] = [];
    const factory: FlexibleLimiterFactory = (...rate) => {
      prefixes.push(rate[2]);
      return memory(...rate);
    };
    await rateLimiterFlexibleEngine(factory, { keyPrefix: 'app' }).consume([charge(5, 60_000)]);
    expect(prefixes).toEqual(['app']);
    expect(() => rateLimiterFlexibleEngine(factory, { keyPrefix: 5 as never })).toThrow(
      'The option rateLimiterFlexibleEngine.keyPrefix cannot be 5',
    );
  });

  test('takes nothing at a cost of 0, nor after the first charge that does not fit', async () => {
    const calls: string[] = [];
    const engine = rateLimiterFlexibleEngine((limit, ...rest) => {
      const limiter = memory(limit, ...rest);
      return {
        consume(key, points) {
          calls.push(`consume ${points} of ${limit}`);
          return limiter.consume(key, points);
        },
        reward: (key, points) => limiter.reward(key, points),
        penalty: (key, points) => limiter.penalty(key, points),
        get(key) {
          calls.push(`get ${limit}`);
          return limiter.get(key);
        },
      };
    });
    await engine.consume([charge(5, 60_000, 'user', 0)]);
    await engine.consume([charge(2, 60_000, 'user', 3), charge(5, 60_000)]);
    expect(calls).toEqual(['get 5', 'consume 3 of 2', 'get 5']);
  });

  test('gives nothing back for a refusal, and all of a decision', async () => {
    const engine = rateLimiterFlexibleEngine(memory);
    const [spent, refused] = [
      await engine.consume([charge(3, 60_000, 'user', 2)]),
      await engine.consume([charge(3, 60_000, 'user', 2)]),
    ];
    const left = async () => (await engine.consume([charge(3, 60_000, 'user', 0)])).results[0]?.remaining;
    await engine.refund([charge(3, 60_000, 'user', 2)], refused);
    expect(await left()).toBe(1);
    await engine.refund([charge(3, 60_000, 'user', 2)], { allowed: true, results: [] });
    expect(await left()).toBe(1);
    await engine.refund([charge(3, 60_000, 'user', 2)], spent);
    expect(await left()).toBe(3);
  });

  test('asks a limiter no more than a thousand times for different rates', async () => {
    const engine = rateLimiterFlexibleEngine(memory);
    for (let limit = 1; limit <= 1000; limit += 1) engine.prepare?.(rateOf(limit), 'fixed-window');
    expect(() => engine.prepare?.(rateOf(1001), 'fixed-window')).toThrow(
      'rateLimiterFlexibleEngine.limiterFor cannot be a function: asked for more than 1000 different rates; make rate functions return fewer.',
    );
    expect((await engine.consume([charge(1000, 60_000)])).allowed).toBe(true);
  });

  test('spends nothing anywhere if one charge does not fit, and tells what is left of each', async () => {
    const engine = rateLimiterFlexibleEngine(memory);
    const full = charge(1, 60_000, 'full');
    const left = charge(5, 60_000, 'left', 2);
    const right = charge(5, 60_000, 'right', 3);
    expect(await engine.consume([full, left, right])).toMatchObject({
      allowed: true,
      results: [{ remaining: 0 }, { remaining: 3 }, { remaining: 2 }],
    });
    const none = { allowed: false, remaining: 0 };
    const [ofLeft, ofRight] = [
      { allowed: true, remaining: 3 },
      // Two are left of the five, and the request costs three.
      { allowed: false, remaining: 2 },
    ];
    for (let more = 0; more < 3; more += 1) {
      expect(await engine.consume([left, full, right])).toMatchObject({
        allowed: false,
        results: [ofLeft, none, ofRight],
      });
      expect(await engine.consume([right, left])).toMatchObject({ allowed: false, results: [ofRight, ofLeft] });
    }
    expect((await engine.consume([left, { ...right, cost: 2 }])).results).toMatchObject([
      { remaining: 1 },
      { remaining: 0 },
    ]);
  });

  test('takes a charge that is exactly the whole limit, and refuses one more', async () => {
    const engine = rateLimiterFlexibleEngine(memory);
    expect(await engine.consume([charge(5, 60_000, 'user', 5)])).toMatchObject({ allowed: true });
    expect(await engine.consume([charge(5, 60_000)])).toMatchObject({ allowed: false, results: [{ remaining: 0 }] });
    expect(await engine.consume([charge(5, 60_000, 'user', 0)])).toMatchObject({ allowed: true });
  });

  test('refuses always at a limit of 0, without a limiter', async () => {
    const made: number[] = [];
    const engine = rateLimiterFlexibleEngine((limit, ...rest) => {
      made.push(limit);
      return memory(limit, ...rest);
    });
    expect(await engine.consume([charge(0, 60_000)])).toEqual({
      allowed: false,
      results: [{ allowed: false, remaining: 0, resetMilliseconds: 60_000, windowEnd: expect.any(Number) }],
    });
    expect(made).toEqual([]);
  });

  /** An engine on a limiter that answers with these states, and what it is asked to give back and to take. */
  const engineOn = (state: RateLimiterRes, rewarded = state) => {
    const clock = new VirtualClock();
    const calls: string[] = [];
    const limiter: FlexibleLimiter = {
      consume: async () => state,
      reward: async () => {
        calls.push('reward');
        return rewarded;
      },
      penalty: async () => {
        calls.push('penalty');
        return state;
      },
      get: async () => state,
    };
    return { clock, calls, engine: rateLimiterFlexibleEngine(() => limiter, { clock }) };
  };

  test.each([
    [30_000, 30_000],
    [0, 0],
    // Nothing was counted yet.
    [-1, 60_000],
  ])('of a limiter that says %i ms tells %i ms', async (msBeforeNext, resetMilliseconds) => {
    const { engine } = engineOn(new RateLimiterRes(4, msBeforeNext, 1));
    for (const cost of [0, 1]) {
      expect((await engine.consume([charge(5, 60_000, 'user', cost)])).results).toMatchObject([{ resetMilliseconds }]);
    }
  });

  test.each([
    [50_000, ['reward']],
    [59_750, ['reward']],
    [59_751, []],
    [70_000, []],
  ])('gives back until a quarter of a second before the window ends: after %i ms', async (milliseconds, expected) => {
    const { engine, clock, calls } = engineOn(new RateLimiterRes(4, 60_000, 1), new RateLimiterRes(5, 1, 0));
    const decision = await engine.consume([charge(5, 60_000)]);
    await engine.refund([charge(5, 60_000, 'user', 0)], decision);
    clock.advance(milliseconds);
    await engine.refund([charge(5, 60_000)], decision);
    expect(calls).toEqual(expected);
  });

  test.each([
    ['less than nothing was spent', new RateLimiterRes(6, 100, -1), ['reward', 'penalty']],
    ['it lasts longer', new RateLimiterRes(5, 60_251, 0), ['reward', 'penalty']],
    ['not if it is the same one', new RateLimiterRes(5, 60_250, 0), ['reward']],
  ])('takes back what it gave to a new window: %s', async (_, rewarded, expected) => {
    const { engine, calls } = engineOn(new RateLimiterRes(4, 60_000, 1), rewarded);
    await engine.refund([charge(5, 60_000)], await engine.consume([charge(5, 60_000)]));
    expect(calls).toEqual(expected);
  });

  test.each([0, 500, 1500])('refuses a window of %i ms', async (windowMilliseconds) => {
    await expect(rateLimiterFlexibleEngine(memory).consume([charge(5, windowMilliseconds)])).rejects.toThrow(
      `asked for a window of ${windowMilliseconds} ms; use whole seconds`,
    );
  });

  test('takes windows of a second, and of a month in a store that keeps them', async () => {
    const { engine } = engineOn(new RateLimiterRes(4, 100, 1));
    for (const windowMilliseconds of [1000, 30 * 86_400_000]) {
      expect((await engine.consume([charge(5, windowMilliseconds)])).allowed).toBe(true);
    }
  });

  test('names the option of a limiter that would count otherwise, and the algorithm that it has not', () => {
    const make = (limiter: object) => rateLimiterFlexibleEngine(() => limiter as FlexibleLimiter);
    expect(() => make({}).prepare?.(rateOf(5), 'fixed-window')).toThrow(
      'The option rateLimiterFlexibleEngine.limiterFor() cannot be an object: for 5 in 60 s it must have consume(), reward(), penalty(), get(); give a limiter of rate-limiter-flexible.',
    );
    expect(() => make({}).prepare?.(rateOf(5), 'sliding-window')).toThrow(
      'The option algorithm cannot be "sliding-window": rate-limiter-flexible counts in fixed windows only; use another engine, or \'fixed-window\'.',
    );
  });

  test('gives nothing back that a limiter refused without counting it', async () => {
    const rewards: unknown[] = [];
    const blocked: FlexibleLimiter = {
      // It knows in memory that the key is spent, and did not count this request.
      consume: async () => Promise.reject(new RateLimiterRes(0, 30_000, 1)),
      reward: async (...parameters) => {
        rewards.push(parameters);
        return new RateLimiterRes(0, 30_000, 0);
      },
      penalty: async () => new RateLimiterRes(),
      get: async () => null,
    };
    const engine = rateLimiterFlexibleEngine(() => blocked);
    expect(await engine.consume([charge(5, 60_000, 'user', 2)])).toMatchObject({
      allowed: false,
      results: [{ allowed: false, remaining: 0, resetMilliseconds: 30_000 }],
    });
    expect(rewards).toEqual([]);
    expect(await engine.consume([charge(5, 60_000)])).toMatchObject({ results: [{ remaining: 5 }] });
    expect(rewards).toEqual([['user:user:alice', 1]]);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'gone'],
    ['an object of another kind', { consumedPoints: 9 }],
    ['a time that is none', { consumedPoints: 9, msBeforeNext: '5' }],
    ['an error with a state', Object.assign(new Error('gone'), { consumedPoints: 9, msBeforeNext: 5 })],
  ])('takes %s for a failure of the store, not for a refusal', async (_, thrown) => {
    const limiter: FlexibleLimiter = { ...memory(5, 60, ''), consume: async () => Promise.reject(thrown) };
    for (const method of ['reward', 'penalty', 'get'] as const) limiter[method] = async () => new RateLimiterRes();
    await expect(rateLimiterFlexibleEngine(() => limiter).consume([charge(5, 60_000)])).rejects.toBe(thrown);
  });

  test('takes a reward back that met a new window, which would otherwise admit too much', async () => {
    const clock = new VirtualClock();
    const calls: string[] = [];
    const limiter: FlexibleLimiter = {
      consume: async () => new RateLimiterRes(4, 60_000, 1),
      // The window ended while the reward was on its way.
      reward: async (_, points) => {
        calls.push(`reward ${points}`);
        return new RateLimiterRes(5, 60_000, 1);
      },
      penalty: async (_, points) => {
        calls.push(`penalty ${points}`);
        return new RateLimiterRes();
      },
      get: async () => null,
    };
    const engine = rateLimiterFlexibleEngine(() => limiter, { clock });
    const decision = await engine.consume([charge(5, 60_000)]);
    clock.advance(30_000);
    await engine.refund([charge(5, 60_000)], decision);
    expect(calls).toEqual(['reward 1', 'penalty 1']);
    clock.advance(29_900);
    await engine.refund([charge(5, 60_000)], decision);
    expect(calls).toHaveLength(2);
  });
});
