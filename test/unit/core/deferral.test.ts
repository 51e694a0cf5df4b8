import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Deferral } from '../../../src/core/events/deferral.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('an event that cannot be told, not even logged, keeps none of the same turn back', () => {
  const told: unknown[] = [];
  const deferral = new Deferral();
  const teller = {
    emit(event: unknown) {
      if (event === 'bad') throw new Error('the logger of the host');
      told.push(event);
    },
  };
  for (const event of ['first', 'bad', 'second', 'bad', 'third']) deferral.add(teller, event as never);
  // Each failure is an uncaught exception of its own.
  expect(() => jest.runAllTimers()).toThrow('the logger of the host');
  expect(() => jest.runAllTimers()).toThrow('the logger of the host');
  jest.runAllTimers();
  expect(told).toEqual(['first', 'second', 'third']);
});
