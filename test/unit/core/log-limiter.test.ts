import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { LogLimiter } from '../../../src/core/log-limiter.js';

let now: number;
let lines: string[];
let log: LogLimiter;

beforeEach(() => {
  jest.useFakeTimers();
  now = 0;
  lines = [];
  const write = (level: string) => (line: string) => void lines.push(`${level}: ${line}`);
  const clock = { nowMilliseconds: () => 0, monotonicMilliseconds: () => now };
  log = new LogLimiter({ info: write('info'), warn: write('warn'), error: write('error') }, clock);
});
afterEach(() => {
  jest.useRealTimers();
});

/** Lets time pass for the clock and for timers. */
function pass(milliseconds: number): void {
  now += milliseconds;
  jest.advanceTimersByTime(milliseconds);
}

test('of one kind a line a second is written, whatever its text, and the others are counted', () => {
  log.error('database', 'away 1');
  now = 999;
  log.error('database', 'away 2');
  log.error('database', 'away 3');
  now = 1000;
  log.error('database', 'away 4');
  now = 2000;
  log.error('database', 'away 5');
  expect(lines).toEqual(['error: away 1', 'error: away 4 (and 2 more like it)', 'error: away 5']);
});

test('what was left out is said when the second is over, also if nothing more comes', () => {
  for (let count = 1; count <= 2_000; count += 1) log.error('database', `away ${count}`);
  expect(lines).toEqual(['error: away 1']);
  pass(1000);
  expect(lines.slice(1)).toEqual(['error: … and 1,999 more like it, the last: away 2000']);
  pass(10_000);
  expect(lines).toHaveLength(2);
});

test('that line counts as one of its second', () => {
  log.error('database', 'one');
  log.error('database', 'two');
  pass(1000);
  log.error('database', 'three');
  expect(lines).toEqual(['error: one', 'error: two']);
  pass(1000);
  expect(lines.slice(2)).toEqual(['error: three']);
});

test('one kind hides no other, and no level another', () => {
  for (let count = 0; count < 10; count += 1) log.error('database', 'away');
  log.error('fault', 'a mistake');
  log.warn('database', 'slow');
  expect(lines).toEqual(['error: away', 'error: a mistake', 'warn: slow']);
});

test('a text that is not written is not made', () => {
  let made = 0;
  const text = () => `line ${++made}`;
  for (let count = 0; count < 100; count += 1) log.error('database', text);
  expect(made).toBe(1);
  log.flush();
  expect(lines).toEqual(['error: line 1', 'error: … and 99 more like it, the last: line 2']);
});

test('kinds without end take no memory without end, and no more lines than kinds that are kept', () => {
  for (let count = 0; count < 5_000; count += 1) log.error(`kind ${count}`, `line ${count}`);
  expect(lines.length).toBeLessThanOrEqual(201);
  log.flush();
  expect(lines.at(-1)).toBe('error: … and 4,799 more like it, the last: line 4999');
  pass(1000);
  log.error('a new kind', 'is told by itself again');
  expect(lines.at(-1)).toBe('error: is told by itself again');
});

test('a kind that was quiet for a second gives its place to a new one, and one with lines to say does not', () => {
  for (let count = 0; count < 200; count += 1) log.error(`kind ${count}`, 'first');
  log.error('kind 0', 'held back');
  now = 1_000;
  lines = [];
  for (let count = 0; count < 199; count += 1) log.error(`new ${count}`, `new ${count}`);
  expect(lines).toHaveLength(199);
  log.error('new 199', 'beyond');
  log.error('new 200', 'held back with others');
  expect(lines.at(-1)).toBe('error: beyond');
  log.error('kind 0', 'second');
  expect(lines.at(-1)).toBe('error: second (and 1 more like it)');
});

test('a kind that was written less than a second ago keeps its place', () => {
  for (let count = 0; count < 200; count += 1) log.error(`kind ${count}`, 'first');
  now = 999;
  log.error('new', 'shares a place');
  log.error('another', 'is held back');
  expect(lines).toHaveLength(201);
});

test('one line is held back by one timer, which a clock that was put back does not prolong', () => {
  now = 5_000;
  log.error('database', 'one');
  log.error('database', 'two');
  log.error('database', 'three');
  expect(jest.getTimerCount()).toBe(1);
  jest.clearAllTimers();
  log.flush();
  log.error('cache', 'one');
  now = 0;
  log.error('cache', 'two');
  jest.advanceTimersByTime(1_000);
  expect(lines.at(-1)).toBe('error: two');
});

test('at the end nothing is said of kinds of which nothing was left out, and their second is not prolonged', () => {
  log.error('database', 'one');
  now = 900;
  log.flush();
  expect(lines).toEqual(['error: one']);
  now = 1_000;
  log.error('database', 'two');
  expect(lines).toEqual(['error: one', 'error: two']);
});

test('each level has lines of its own', () => {
  log.info('database', 'back');
  log.warn('database', 'slow');
  log.error('database', 'away');
  log.info('database', 'again');
  expect(lines).toEqual(['info: back', 'warn: slow', 'error: away']);
});
