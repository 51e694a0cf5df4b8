import { expect, test } from '@jest/globals';
import { CorrectedClock, epochSeconds } from '../../../src/core/clock.js';
import { silentLogger } from '../../../src/core/logger.js';

function clockAt(start: number) {
  const warnings: unknown[] = [];
  const time = { now: start };
  const clock = new CorrectedClock(
    { nowMilliseconds: () => time.now, monotonicMilliseconds: () => 42 },
    { ...silentLogger, warn: (message: unknown) => void warnings.push(message) },
  );
  return { time, clock, warnings };
}

const NOON = 1_800_000_000_000;
const MINUTE = 60_000;

test('a clock that is behind follows the reference, and logs it once', () => {
  const { clock, time, warnings } = clockAt(NOON - 5 * MINUTE);
  clock.heed(NOON);
  expect(clock.nowMilliseconds()).toBe(NOON);
  time.now += 1_000;
  expect(clock.nowMilliseconds()).toBe(NOON + 1_000);
  clock.heed(NOON + 2 * MINUTE);
  expect(clock.nowMilliseconds()).toBe(NOON + 2 * MINUTE);
  expect(warnings).toEqual([expect.stringContaining('300 seconds behind')]);
  expect(clock.monotonicMilliseconds()).toBe(42);
});

test('a clock that is ahead, or behind by no more than an answer takes, is left as it is', () => {
  for (const reference of [NOON - 5 * MINUTE, NOON, NOON + 1_000]) {
    const { clock, warnings } = clockAt(NOON);
    clock.heed(reference);
    expect(clock.nowMilliseconds()).toBe(NOON);
    expect(warnings).toEqual([]);
  }
});

test('an answer that was long on its way takes no correction back', () => {
  const { clock } = clockAt(NOON - 5 * MINUTE);
  clock.heed(NOON);
  clock.heed(NOON - 5_000);
  expect(clock.nowMilliseconds()).toBe(NOON);
});

test('a clock that is set right is corrected no more', () => {
  const { clock, time } = clockAt(NOON - 5 * MINUTE);
  clock.heed(NOON);
  time.now = NOON + 10;
  clock.heed(NOON);
  expect(clock.nowMilliseconds()).toBe(NOON + 10);
});

test('a clock of another day is taken for one that was set on purpose, and the log says so', () => {
  const { clock, warnings } = clockAt(0);
  clock.heed(NOON);
  expect(clock.nowMilliseconds()).toBe(0);
  expect(warnings).toEqual([expect.stringContaining('too far to be corrected')]);
});

test.each([
  ['by a second more than before', 301_000, 300_000],
  ['by as much as an answer may be old less', 295_000, 300_000],
  ['by more', 301_001, 301_001],
  ['by less', 294_999, 294_999],
])('a clock whose difference changes %s', (_name, behind, corrected) => {
  const { clock, time } = clockAt(NOON);
  clock.heed(NOON + 300_000);
  clock.heed(NOON + behind);
  expect(clock.nowMilliseconds() - time.now).toBe(corrected);
});

test('a clock is corrected from more than a second to a whole day behind', () => {
  for (const [behind, corrected] of [
    [1_000, 0],
    [1_001, 1_001],
    [86_400_000, 86_400_000],
    [86_400_001, 0],
  ] as const) {
    const { clock, time } = clockAt(NOON);
    clock.heed(NOON + behind);
    expect(clock.nowMilliseconds() - time.now).toBe(corrected);
  }
});

test('of a correction that ends nothing is logged, and none is made for a second', () => {
  const { clock, time, warnings } = clockAt(NOON);
  clock.heed(NOON + 300_000);
  warnings.length = 0;
  time.now = NOON + 300_000;
  clock.heed(NOON + 301_000);
  expect(clock.nowMilliseconds()).toBe(time.now);
  expect(warnings).toEqual([]);
});

test('seconds since the epoch are whole ones that have passed', () => {
  expect(epochSeconds({ nowMilliseconds: () => 5_999 })).toBe(5);
});
