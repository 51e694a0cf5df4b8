import { expect, test } from '@jest/globals';
import { OverflowCounters } from '../../../../src/throttling/engines/overflow.js';

test('which keys share a counter depends on the salt', () => {
  const keys = Array.from({ length: 200 }, (_, index) => `user:${index}`);
  /** For each key, the first one on its counter. */
  const shared = (salt: number) => {
    const overflow = new OverflowCounters(salt);
    const counters = keys.map((key) => overflow.open({ key, tag: key, limit: 5, windowMilliseconds: 1000, cost: 1 }));
    return counters.map((counter) => counters.indexOf(counter));
  };
  expect(shared(1)).toEqual(shared(1));
  expect(shared(1)).not.toEqual(shared(2));
});
