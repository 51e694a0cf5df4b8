import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LocalReplays } from '../../../src/resource-server/dpop/replays.js';
import { VirtualClock } from '../../support/cache/verifications.js';

const WINDOW = 66_000;

test('[RS-19 §11.1] an id is claimed once for as long as its proof can be used, whatever comes meanwhile', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ id: fc.integer({ min: 0, max: 5 }), after: fc.integer({ min: 0, max: 40_000 }) }), {
        maxLength: 60,
      }),
      (uses) => {
        const clock = new VirtualClock();
        const replays = new LocalReplays(clock, WINDOW);
        const claimedAt = new Map<number, number>();
        for (const { id, after } of uses) {
          clock.advance(after);
          const now = clock.monotonicMilliseconds();
          const before = claimedAt.get(id);
          const isFirst = replays.claim(String(id));
          if (before !== undefined && now - before < WINDOW) expect(isFirst).toBe(false);
          if (isFirst) claimedAt.set(id, now);
        }
      },
    ),
    { numRuns: 20_000 },
  );
});

test('what has been forgotten takes no memory: after two windows an id is new again', () => {
  const clock = new VirtualClock();
  const replays = new LocalReplays(clock, WINDOW);
  expect(replays.claim('a')).toBe(true);
  clock.advance(2 * WINDOW);
  expect(replays.claim('b')).toBe(true);
  clock.advance(WINDOW);
  expect(replays.claim('c')).toBe(true);
  expect(replays.claim('a')).toBe(true);
});
