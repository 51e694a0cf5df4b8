import { expect, test } from '@jest/globals';
import { leasedResult, portionsOf, takePortions } from '../../../../../src/throttling/engines/leased/portions.js';

const portion = { generation: 1, id: 7, units: 2, deadline: 9, resetAt: 9 };

test('what a result carries is taken once', () => {
  const result = leasedResult(true, 3, 400, [portion]);
  expect(portionsOf(result)).toEqual([portion]);
  expect(takePortions(result)).toEqual([portion]);
  expect([takePortions(result), portionsOf(result)]).toEqual([[], []]);
});

test('a result of another engine carries nothing and is left as it is, and so is none', () => {
  const foreign = Object.freeze({ allowed: true, remaining: 3, resetMilliseconds: 400 });
  expect([portionsOf(foreign), takePortions(foreign)]).toEqual([[], []]);
  expect([portionsOf(undefined), takePortions(undefined)]).toEqual([[], []]);
});

test('no time is told that is over', () => {
  expect([leasedResult(true, 3, -1).resetMilliseconds, leasedResult(true, 3, 1).resetMilliseconds]).toEqual([0, 1]);
});
