import { describe, expect, test } from '@jest/globals';
import { DURATION_BOUNDS_SECONDS, Durations } from '../../../../src/core/observation/durations.js';
import { isPeak, slotNumbers } from '../../../../src/core/observation/history-store.js';
import { PolicyTallies, PolicyTally } from '../../../../src/core/observation/policy-tally.js';
import { Statistics } from '../../../../src/core/observation/statistics.js';
import { Tracing } from '../../../../src/core/observation/tracing.js';

describe('durations', () => {
  test('fall into the first bucket whose bound they do not exceed, and beyond all bounds into the last', () => {
    const durations = new Durations();
    for (const milliseconds of [0, 0.5, 0.6, 5_000, 5_001]) durations.add(milliseconds);
    expect(durations.buckets).toEqual([
      2,
      1,
      ...Array.from({ length: DURATION_BOUNDS_SECONDS.length - 3 }, () => 0),
      1,
      1,
    ]);
    expect(durations.count).toBe(5);
    expect(durations.sumSeconds).toBeCloseTo(10.0021, 9);
  });
});

describe('the history', () => {
  test('has the slots of an hour by minutes, and of a day by quarters, oldest first', () => {
    const minutes = slotNumbers('minute', 60 * 60_000 + 59_999);
    expect([minutes.length, minutes[0], minutes.at(-1)]).toEqual([60, 1, 60]);
    const quarters = slotNumbers('quarter', 100 * 900_000);
    expect([quarters.length, quarters[0], quarters.at(-1)]).toEqual([96, 5, 100]);
  });

  test('knows the names of peaks by their beginning', () => {
    expect([isPeak('peak:user'), isPeak('of peak:'), isPeak('user')]).toEqual([true, false, false]);
  });
});

describe('the tally of a policy', () => {
  test('has the peak of the present or the last minute', () => {
    const tally = new PolicyTally('user');
    tally.peak = 0.5;
    tally.endMinute();
    expect([tally.peak, tally.recentPeak]).toEqual([0, 0.5]);
    tally.peak = 0.75;
    expect(tally.recentPeak).toBe(0.75);
    tally.endMinute();
    tally.endMinute();
    expect(tally.recentPeak).toBe(0);
  });

  test('is one for each name', () => {
    const tallies = new PolicyTallies();
    const user = tallies.of('user');
    expect(tallies.of('user')).toBe(user);
    expect(tallies.of('client')).not.toBe(user);
    expect([...tallies.all()].map(({ policy }) => policy)).toEqual(['user', 'client']);
  });
});

test('statistics begin at zero, for every outcome and every level', () => {
  const { access, lookUps, durations } = new Statistics();
  expect(access).toMatchObject({ granted: 0, public: 0, fault: 0, throttled: 0 });
  const zeros = { active: 0, invalid: 0, expired: 0, unavailable: 0 };
  expect(lookUps).toEqual({ process: zeros, redis: zeros, verifier: zeros });
  expect([durations.redis.count, durations.verifier.count]).toEqual([0, 0]);
});

test('work is done in a span if there is a tracer', () => {
  const tracing = new Tracing();
  expect(tracing.around('redis.read', () => 1)).toBe(1);
  tracing.tracer = { decided: () => {}, around: (operation, work) => [operation, work()] as never };
  expect(tracing.around<unknown>('redis.read', () => 1)).toEqual(['redis.read', 1]);
});
