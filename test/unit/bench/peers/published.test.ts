import { describe, expect, test } from '@jest/globals';
import { decideAims } from '../../../../bench/peers/lib/aims.mjs';
import { groupsOf, rowsOf, statusesOf } from '../../../../bench/peers/lib/modes.mjs';
import { picture } from '../../../../bench/peers/lib/picture.mjs';
import { tables } from '../../../../bench/peers/lib/tables.mjs';
import { row, slice } from './figures.js';

const ABOUT = {
  date: '2030-01-02T03:04:05.000Z',
  versions: { 'routing-controllers-oauth2': '0.0.0', koa: '3.0.0' },
  machine: { processor: 'A processor', cores: 2, memoryGiB: 4, node: 'v20', mariadb: '10', redis: '7', wrk: 'wrk 4' },
  settings: { pairs: 4, slice: 1, generations: 2, connections: 64, hot: 100 },
};
const ROWS = [
  row('guard', 'koa', { ours: slice(100), theirs: slice(120) }),
  row('guard', 'fastify', { ours: slice(100), theirs: slice(150, { loadCoreBusy: 1 }) }),
  row('guard', 'ours-again', { ours: slice(100), theirs: slice(101) }),
];

describe('the picture', () => {
  test('is the same for the same results, in whatever order they were measured', () => {
    expect(picture({ rows: [...ROWS].reverse() })).toBe(picture({ rows: ROWS }));
  });

  test('has ours first, then the fastest, without the noise', () => {
    const labels = [...picture({ rows: ROWS }).matchAll(/text-anchor="end">([^<]*)</g)].map(([, label]) => label);
    expect(labels).toEqual(['ours, with Redis', 'Fastify 5, @fastify/bearer-auth', 'floor: bare Koa, no guard']);
  });

  test('loads nothing, and has colours for light and dark', () => {
    const svg = picture({ rows: ROWS });
    expect(svg).not.toMatch(/href|@import|url\(|<image|<script/);
    expect(svg).toContain('prefers-color-scheme: dark');
  });

  test('leaves out modes and rows without figures', () => {
    const svg = picture({ rows: [{ mode: 'cold', contender: 'by-hand', failed: 'It ended.' }] });
    expect(svg).not.toContain('class="head"');
  });
});

describe('the tables', () => {
  const text = tables({ about: ABOUT, rows: ROWS, aims: decideAims(ROWS) });

  test('say which aims were missed, reached and not measured', () => {
    expect(text).toMatch(/\| guarded, warm \/ bare Koa with the same answer \| >= 0.85 \| 0.83 \| MISSED \|/);
    expect(text).toMatch(/\| 403 \/ its own 200 \| >= 1.20 \| not measured \| MISSED \|/);
  });

  test('mark a contender whose load was at its limit', () => {
    expect(text).toMatch(/\| Fastify 5, @fastify\/bearer-auth † \| 1.50 /);
  });

  test('say that a machine was not quiet', () => {
    const busy = row('guard', 'koa', { ours: slice(100, { serverBusy: 0.5 }), theirs: slice(100) });
    expect(tables({ about: ABOUT, rows: [busy] })).toContain('do not quote this table');
    expect(text).not.toContain('do not quote this table');
  });

  test('name the limiter of a contender only where it throttles', () => {
    const throttled = row('throttle', 'fastify', { ours: slice(100), theirs: slice(50) });
    expect(tables({ about: ABOUT, rows: [throttled] })).toContain(
      'Fastify 5, @fastify/bearer-auth, @fastify/rate-limit',
    );
    expect(text).not.toContain('@fastify/rate-limit');
  });

  test('show a row that failed, with the reason in one cell', () => {
    const failed = { mode: 'guard', contender: 'express', failed: 'It | ended\nwith 1.' };
    expect(tables({ about: ABOUT, rows: [...ROWS, failed] })).toContain('| FAILED: It ended with 1. |');
  });

  test('have as many cells in each line as its header has', () => {
    for (const block of text.split('\n\n').filter((part) => part.startsWith('|'))) {
      const widths = block.split('\n').map((line) => line.split(' | ').length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  test('say what start-up, memory and size are, where they were taken', () => {
    const costs = {
      startUp: [{ label: 'a', milliseconds: 1234 }],
      memory: [{ label: 'b', bytes: 2 ** 20 }],
      size: [{ label: 'c', packages: 7, bytes: 2 ** 20 }],
    };
    const told = tables({ about: ABOUT, rows: ROWS, ...costs });
    expect(told).toContain('| a | 1,234 |');
    expect(told).toContain('| b | 1 |');
    expect(told).toContain('| c | 7 | 1.0 |');
    expect(text).not.toContain('Start-up');
  });
});

describe('what is measured', () => {
  test('rows are measured in groups of one mode', () => {
    const rows = ['a', 'b', 'c'].map((contender) => ({ mode: 'guard', contender }));
    expect(groupsOf([...rows, { mode: 'cold', contender: 'd' }], 2)).toEqual([
      { mode: 'guard', contenders: ['a', 'b'] },
      { mode: 'guard', contenders: ['c'] },
      { mode: 'cold', contenders: ['d'] },
    ]);
  });

  test('a contender is chosen in all modes, or in one', () => {
    expect(rowsOf({ modes: [], only: ['guard/koa'] })).toEqual([{ mode: 'guard', contender: 'koa' }]);
    expect(rowsOf({ modes: ['cold'], only: ['by-hand'] })).toEqual([{ mode: 'cold', contender: 'by-hand' }]);
  });

  test('a name that nobody has is refused', () => {
    expect(() => rowsOf({ modes: [], only: ['guard/nobody'] })).toThrow('"guard/nobody"');
  });

  test('only the contender that is named may answer with a further status', () => {
    const mode = { statuses: [401], also: { ours: [429] } };
    expect([statusesOf(mode, 'ours'), statusesOf(mode, 'express')]).toEqual([[401, 429], [401]]);
  });
});
