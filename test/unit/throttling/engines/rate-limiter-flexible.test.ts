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
      'another limit',
      (_, duration) => new RateLimiterMemory({ points: 9, duration }),
      '5/m',
      /\.points cannot be 9: .* it must be 5/,
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
