import { expect, test } from '@jest/globals';
import { shareDivisor, speculativeUnits } from '../../../../../src/throttling/engines/leased/demand.js';

test.each([
  // What is spent in half a second at that pace, in whole units.
  [100, 1000, 100, 50],
  [3, 1000, 100, 1],
  [1, 1000, 100, 0],
  [0, 1000, 100, 0],
  [2, 0, 1000, 1000],
  // At first 8, then 8 times as much as before.
  [100, 1000, 0, 8],
  [100, 1000, 1, 8],
  [100, 1000, 2, 16],
])('a key with %i units in %i ms whose last lease had %i gets %i', (spent, elapsed, previous, units) => {
  expect(speculativeUnits(spent, elapsed, previous, 500)).toBe(units);
});

test.each([
  [1, 2],
  [3, 6],
  // Nobody is known to share the ledger, not even this process.
  [0, 2],
])('of %i processes none claims more than one part in %i of what is left', (processes, divisor) => {
  expect(shareDivisor(processes)).toBe(divisor);
});
