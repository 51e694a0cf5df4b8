import { describe, expect, test } from '@jest/globals';
import { mergeByKey, splitDecision } from '../../../../../src/throttling/engines/leased/merged-charges.js';
import { leasedResult } from '../../../../../src/throttling/engines/leased/portions.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';

const chargeOf = (key: string, cost: number): Charge => ({ key, tag: key, limit: 9, windowMilliseconds: 1000, cost });
const [a1, a2, b3] = [chargeOf('a', 1), chargeOf('a', 2), chargeOf('b', 3)];

describe('a request that charges a key twice', () => {
  test('is one charge for each key, at the cost of all', () => {
    expect(mergeByKey([a1, b3, a2])).toEqual([{ ...a1, cost: 3 }, b3]);
  });

  test.each([[[]], [[a1]], [[a1, b3]]])('is left as it is where it does not: %j', (charges: Charge[]) => {
    expect(mergeByKey(charges)).toBe(charges);
  });

  test('has a result for each of its charges; the first of a key carries what is returned later', () => {
    const charges = [a1, b3, a2];
    const portions = [{ generation: 1, id: 2, units: 3, deadline: 4, resetAt: 5 }];
    const [ofA, ofB] = [leasedResult(true, 6, 700, portions), leasedResult(true, 5, 800, portions)];
    const decision = splitDecision(charges, mergeByKey(charges), { allowed: true, results: [ofA, ofB] });
    expect(decision).toEqual({ allowed: true, results: [ofA, ofB, { ...ofA, portions: [] }] });
  });

  test('is refused as a whole', () => {
    const refusal = leasedResult(false, 2, 700);
    expect(splitDecision([a1, a2], mergeByKey([a1, a2]), { allowed: false, results: [refusal] })).toEqual({
      allowed: false,
      results: [refusal, refusal],
    });
  });
});
