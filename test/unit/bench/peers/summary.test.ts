import { describe, expect, test } from '@jest/globals';
import { figuresOf, figuresOfBaseline, summaryOf } from '../../../../bench/peers/lib/summary.mjs';
import { slice } from './figures.js';

describe('the summary of a row', () => {
  test('the ratio is the median of the ratios of each round, not the ratio of medians', () => {
    const rounds = [
      { ours: slice(100), theirs: slice(50) },
      { ours: slice(400), theirs: slice(100) },
      { ours: slice(1000), theirs: slice(900) },
    ];
    expect(summaryOf(rounds)).toMatchObject({ ratio: 0.5, lowQuartile: 0.25, highQuartile: 0.9 });
  });

  test('CPU time is added up over all slices before it is divided by the requests', () => {
    const slices = [slice(100, { serverCpuSeconds: 0.01 }), slice(300, { serverCpuSeconds: 0.03 })];
    expect(figuresOf(slices).cpuMicrosecondsPerRequest).toBeCloseTo(100);
  });

  test('the ratio of CPU and of p99 are those of the contender to ours', () => {
    const ours = slice(100, { serverCpuSeconds: 1, p99: 4 });
    const theirs = slice(100, { serverCpuSeconds: 2, p99: 3 });
    expect(summaryOf([{ ours, theirs }])).toMatchObject({ cpuRatio: 2, p99Ratio: 0.75 });
  });

  test('a refusal is told as a share of the answers of the same contender, where they were measured', () => {
    const round = { ours: slice(100), theirs: slice(90) };
    expect(summaryOf([{ ...round, own: slice(60) }]).ownRatio).toBe(1.5);
    expect(summaryOf([round])).not.toHaveProperty('ownRatio');
  });

  test('the figures of the baseline are medians over the rows that it was measured in', () => {
    const rows = [10, 30, 20].map((perSecond) => ({ ours: { perSecond } }));
    expect(figuresOfBaseline(rows)).toEqual({ perSecond: 20 });
  });
});
