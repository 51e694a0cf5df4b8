import { describe, expect, test } from '@jest/globals';
import { type DecidedAim, decideAims, rowsOfAims } from '../../../../bench/peers/lib/aims.mjs';
import { rowsOf } from '../../../../bench/peers/lib/modes.mjs';
import type { Row } from '../../../../bench/peers/lib/summary.mjs';
import { row, slice } from './figures.js';

function decided(rows: Partial<Row>[], what: string): DecidedAim {
  const found = decideAims(rows).find((aim) => aim.what === what);
  if (found === undefined) throw new Error(`There is no aim "${what}".`);
  return found;
}

describe('the aims', () => {
  test.each([
    [850, true],
    [849, false],
  ])('a warm guard with %d requests for 1,000 of bare Koa: reached is %s', (perSecond, reached) => {
    const rows = [row('guard', 'koa', { ours: slice(perSecond), theirs: slice(1000) })];
    const aim = decided(rows, 'guarded, warm / bare Koa with the same answer');
    expect(aim).toMatchObject({ beside: 'koa', reached, target: '>= 0.85' });
    expect(aim.value).toBeCloseTo(perSecond / 1000);
  });

  test('less CPU than by hand is less than 1', () => {
    const ours = slice(100, { serverCpuSeconds: 0.8 });
    const rows = [row('cold', 'by-hand', { ours, theirs: slice(100, { serverCpuSeconds: 1 }) })];
    const aim = decided(rows, 'cold token, without Redis / by hand, CPU per request');
    expect(aim.value).toBeCloseTo(0.8);
    expect(aim.reached).toBe(true);
  });

  test('a refusal is compared with the answer of ours, not with the refusals of others', () => {
    const round = { ours: slice(100), theirs: slice(110), own: slice(100) };
    expect(decided([row('no-scope', 'ours-again', round)], '403 / its own 200')).toMatchObject({
      value: 1.1,
      reached: false,
    });
  });

  test('of several contenders of a framework the fastest counts, for its p99 too', () => {
    const ours = slice(100, { p99: 5 });
    const rows = [
      row('throttle', 'fastify', { ours, theirs: slice(50, { p99: 1 }) }),
      row('throttle', 'fastify-lru', { ours, theirs: slice(104, { p99: 10 }) }),
      row('throttle', 'fastify-lru-flexible', { ours, theirs: slice(90, { p99: 2 }) }),
    ];
    const best = "guard and leased throttle / Fastify's best on Redis";
    expect(decided(rows, best)).toMatchObject({ beside: 'fastify-lru', reached: true });
    expect(decided(rows, `${best}, p99`)).toMatchObject({ value: 0.5, reached: true });
  });

  test('an aim is not reached while one of its rows failed or was not measured', () => {
    const rows = [
      row('throttle', 'by-hand', { ours: slice(100), theirs: slice(10) }),
      row('throttle', 'by-hand-redis', { ours: slice(100), theirs: slice(10) }),
      { mode: 'throttle', contender: 'by-hand-lru', failed: 'It ended.' },
    ];
    const aim = decided(rows, 'guard and leased throttle / by hand with its Redis limiter');
    expect(aim).toMatchObject({ reached: false });
    expect(aim).not.toHaveProperty('value');
  });

  test('each row that an aim depends on is one that a run of all rows measures', () => {
    expect(rowsOf({ modes: [], only: [] })).toEqual(expect.arrayContaining(rowsOfAims()));
  });
});
