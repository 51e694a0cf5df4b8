import { describe, expect, test } from '@jest/globals';
import { MAXIMUM_ENTRIES, SlidingLog } from '../../../../src/throttling/engines/memory-sliding-log.js';

/** A log of 20 s, so that a hundredth is 200 ms, with two units in each 100 ms until it is merged. */
function mergedLog() {
  const log = new SlidingLog(20_000);
  const entries = Array.from({ length: MAXIMUM_ENTRIES + 1 }, (_, index) => index * 99);
  for (const at of entries) log.add(at, 2);
  return { log, entries };
}

describe('the log of a sliding window that has too many entries', () => {
  test('loses no unit', () => {
    const { log, entries } = mergedLog();
    expect(log.used(entries.at(-1) as number)).toBe(2 * entries.length);
  });

  test('frees those of one hundredth of the window together, with the latest of them', () => {
    const { log, entries } = mergedLog();
    const slotOf = (at: number) => Math.floor(at / 200);
    const freedAt = entries.map((at) => Math.max(...entries.filter((other) => slotOf(other) === slotOf(at))) + 20_000);
    const counting = (now: number) => 2 * freedAt.filter((other) => other > now).length;
    for (const end of new Set(freedAt)) {
      for (const now of [end - 1, end]) expect(log.used(now)).toBe(counting(now));
    }
    expect(log.used(60_000)).toBe(0);
  });
});

describe('the log of a sliding window', () => {
  test('is exact for as many different times as it may have', () => {
    const log = new SlidingLog(20_000);
    const entries = Array.from({ length: MAXIMUM_ENTRIES }, (_, index) => index * 99);
    for (const at of entries) log.add(at, 1);
    for (const [index, at] of entries.entries()) expect(log.used(at + 20_000)).toBe(entries.length - index - 1);
  });

  test('is empty as soon as what was left of it is taken back', () => {
    const log = new SlidingLog(1000);
    log.add(100, 1);
    log.add(300, 2);
    log.remove(300, 1, 400);
    expect(log.millisecondsUntilEmpty(400)).toBe(900);
    log.remove(300, 1, 400);
    expect(log.millisecondsUntilEmpty(400)).toBe(700);
    log.remove(100, 1, 400);
    expect([log.used(400), log.millisecondsUntilEmpty(400)]).toEqual([0, 0]);
  });

  test('tells when so many units are free, and when all are', () => {
    const log = new SlidingLog(1000);
    expect([log.millisecondsUntilFree(1, 0), log.millisecondsUntilEmpty(0)]).toEqual([0, 0]);
    log.add(100, 2);
    log.add(300, 3);
    expect([1, 2, 3, 5, 6].map((units) => log.millisecondsUntilFree(units, 400))).toEqual([700, 700, 900, 900, 900]);
    expect(log.millisecondsUntilEmpty(400)).toBe(900);
    expect([log.millisecondsUntilFree(1, 2000), log.millisecondsUntilEmpty(2000)]).toEqual([0, 0]);
  });

  test('keeps units of an earlier time in their order, and those of one time together', () => {
    const log = new SlidingLog(1000);
    log.add(300, 1);
    log.add(100, 2);
    log.add(100, 1);
    log.add(200, 0);
    expect([1, 3, 4].map((units) => log.millisecondsUntilFree(units, 400))).toEqual([700, 700, 900]);
    expect([1099, 1100, 1299, 1300].map((now) => log.used(now))).toEqual([4, 1, 1, 0]);
  });

  test('keeps no entry of nothing, and one for all units of one time', () => {
    const log = new SlidingLog(100_000);
    log.add(10, 1);
    for (let more = 0; more <= MAXIMUM_ENTRIES; more += 1) log.add(20, 1);
    log.add(500, 0);
    expect(log.millisecondsUntilEmpty(500)).toBe(99_520);
    // So many times would have been merged into the latest of them.
    expect(log.millisecondsUntilFree(1, 500)).toBe(99_510);
  });

  test('takes back units of their time, or of later ones in the same hundredth, and no others', () => {
    const log = new SlidingLog(10_000);
    for (const [at, units] of [
      [100, 1],
      [150, 1],
      [199, 2],
      [200, 1],
    ] as const) {
      log.add(at, units);
    }
    log.remove(150, 9, 500);
    expect(log.used(500)).toBe(2);
    expect([1, 2].map((units) => log.millisecondsUntilFree(units, 500))).toEqual([9600, 9700]);
    log.remove(200, 1, 10_199);
    expect(log.used(500)).toBe(1);
    log.remove(100, 1, 10_100);
    expect(log.used(500)).toBe(1);
  });
});
