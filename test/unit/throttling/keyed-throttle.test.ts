import { describe, expect, test } from '@jest/globals';
import { createThrottle, keyedThrottle, type ThrottleOutcome } from '../../../src/throttling/index.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

function throttleOf(rate: string | null) {
  const throttle = createThrottle({}, { clock: new VirtualClock() });
  const decide = keyedThrottle(throttle, { name: 'doors', rate }, 'doors');
  return (key: string) => decide(key) as ThrottleOutcome;
}

describe('a throttle by keys', () => {
  test('counts each key for itself', () => {
    const ask = throttleOf('2/m');
    expect(['a', 'a', 'a', 'b', 'b', 'b'].map((key) => ask(key).allowed)).toEqual([
      true,
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test('counts on for a key that it no longer remembers', () => {
    const ask = throttleOf('1/m');
    ask('first');
    for (let other = 0; other < 2000; other++) ask(`other ${other}`);
    expect(ask('first').allowed).toBe(false);
  });

  test('tells where it stands', () => {
    expect(throttleOf('2/m')('a').fields).toEqual({
      'ratelimit-policy': '"doors";q=2;w=60',
      ratelimit: '"doors";r=1;t=60',
    });
  });

  test('without a rate refuses nobody', () => {
    expect(throttleOf(null)('a')).toMatchObject({ allowed: true, fields: {} });
  });
});
