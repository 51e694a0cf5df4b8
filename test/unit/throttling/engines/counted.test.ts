import { expect, test } from '@jest/globals';
import { countedResult, windowEndOf } from '../../../../src/throttling/engines/counted.js';

const charge = { key: 'k', tag: 'k', limit: 5, windowMilliseconds: 1000, cost: 1 };

test.each([
  [0, 5],
  [2, 3],
  [5, 0],
  [7, 0],
])('of a limit of 5, %i used units leave %i', (used, remaining) => {
  expect(countedResult(charge, true, used, 400, 1400)).toEqual({
    ...{ allowed: true, remaining, resetMilliseconds: 400, windowEnd: 1400 },
  });
});

test('a result remembers its window; one of another engine, and none, have no window', () => {
  expect(windowEndOf(countedResult(charge, true, 1, 400, 1400))).toBe(1400);
  expect(windowEndOf({ allowed: true, remaining: 1, resetMilliseconds: 400 })).toBeUndefined();
  expect(windowEndOf(undefined)).toBeUndefined();
});
