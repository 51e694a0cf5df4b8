import { describe, expect, test } from '@jest/globals';
import {
  KeyState,
  KeyStates,
  ownUnits,
  recordOwnUnits,
} from '../../../../../src/throttling/engines/leased/key-states.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';

describe('the states of keys', () => {
  test('are those of the keys that were used last, so many as there may be', () => {
    const keys = new KeyStates(6);
    const states = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => keys.getOrAdd(key));
    expect(keys.size).toBe(6);
    expect(keys.get('a')).toBe(states[0]);
    // What is only looked at counts as unused.
    expect(keys.peek('d')).toBe(states[3]);
    expect(keys.getOrAdd('e')).toBe(states[4]);
    expect(keys.getOrAdd('f')).toBe(states[5]);
    for (const key of ['g', 'h', 'i']) keys.getOrAdd(key);
    expect(keys.size).toBe(6);
    expect(['a', 'e', 'f', 'g'].map((key) => keys.peek(key) !== undefined)).toEqual([true, true, true, true]);
    expect(['b', 'c', 'd'].map((key) => keys.get(key))).toEqual([undefined, undefined, undefined]);
  });

  test('are never more than may be', () => {
    const keys = new KeyStates(6);
    const sizes = Array.from({ length: 20 }, (_, index) => {
      keys.getOrAdd(`k${index}`);
      return keys.size;
    });
    expect(Math.max(...sizes)).toBe(6);
  });

  test('are kept for one key at least', () => {
    const keys = new KeyStates(0);
    const state = keys.getOrAdd('a');
    expect([keys.get('a'), keys.size]).toEqual([state, 1]);
  });
});

describe('what a process has spent with the ledger', () => {
  const of = (algorithm: 'fixed-window' | 'sliding-window') => {
    const charge: Charge = { key: 'k', tag: 'k', limit: 9, windowMilliseconds: 1000, cost: 1, algorithm };
    const state = new KeyState();
    return {
      spend: (units: number, now: number, resetAt = now + 1000) => recordOwnUnits(state, charge, units, resetAt, now),
      own: (...moments: number[]) => moments.map((now) => ownUnits(state, charge, now)),
    };
  };

  test('counts until its fixed window ends', () => {
    const { spend, own } = of('fixed-window');
    spend(3, 5000, 5600);
    spend(2, 5599, 5600);
    expect(own(5000, 5599, 5600, 6000)).toEqual([5, 5, 0, 0]);
    spend(1, 5600, 6500);
    expect(own(5600, 6499, 6500)).toEqual([1, 1, 0]);
  });

  test('counts in a sliding window with what was spent in the span of its length before', () => {
    const { spend, own } = of('sliding-window');
    spend(3, 5000);
    spend(1, 5999);
    // As long as any of it may count.
    expect(own(5999, 6000, 6999, 7000)).toEqual([4, 4, 4, 0]);
    spend(2, 6999);
    expect(own(6999, 7998, 7999, 8998, 8999)).toEqual([6, 6, 2, 2, 0]);
    spend(1, 8999);
    expect(own(8999)).toEqual([1]);
  });

  test('is nothing for a key that is not known', () => {
    expect(ownUnits(undefined, { key: 'k', tag: 'k', limit: 9, windowMilliseconds: 1000, cost: 1 }, 0)).toBe(0);
  });
});
