import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { BadTokens } from '../../../src/resource-server/authentication/bad-tokens.js';

let now: number;
let lines: string[];
let badTokens: BadTokens;

beforeEach(() => {
  jest.useFakeTimers();
  now = 0;
  lines = [];
  const write = (level: string) => (line: string) => void lines.push(`${level}: ${line}`);
  const clock = { nowMilliseconds: () => 0, monotonicMilliseconds: () => now };
  badTokens = new BadTokens({ info: write('info'), warn: write('warn'), error: write('error') }, clock);
});
afterEach(() => {
  jest.useRealTimers();
});

function pass(milliseconds: number): void {
  now += milliseconds;
  jest.advanceTimersByTime(milliseconds);
}

test('a minute of invalid tokens is one line, with how many there were and where most came from', () => {
  for (let count = 0; count < 1_200; count += 1) {
    badTokens.count(count < 900 ? 'ip:192.0.2.1' : `ip:198.51.100.${count % 100}`, 'invalid');
  }
  expect(lines).toEqual([]);
  pass(60_000);
  expect(lines).toEqual([
    'warn: 1,200 requests with bad tokens within 60 seconds, from 101 addresses, most of them (900) from 192.0.2.1.',
  ]);
  pass(600_000);
  expect(lines).toHaveLength(1);
});

test('a few are no warning; those that had expired and those that were not looked up are distinguished', () => {
  badTokens.count('ip:192.0.2.1', 'expired');
  badTokens.count('ip:192.0.2.1', 'unexamined');
  badTokens.count('ip:192.0.2.1', 'invalid');
  pass(60_000);
  expect(lines).toEqual([
    'info: 3 requests with bad tokens within 60 seconds, from one address (192.0.2.1); 1 expired; 1 not looked up, because too many from their address had failed.',
  ]);
});

test('a process that ends says what it had counted', () => {
  badTokens.close();
  badTokens.count('ip:192.0.2.1', 'invalid');
  pass(1_000);
  badTokens.close();
  expect(lines).toEqual(['info: 1 request with bad tokens within 1 second, from one address (192.0.2.1).']);
});

test('addresses without end take no memory without end, and nothing that an address holds breaks the line', () => {
  badTokens.count('ip:evil\nERROR all is lost', 'invalid');
  badTokens.count('ip:evil\nERROR all is lost', 'invalid');
  for (let count = 0; count < 11_000; count += 1) badTokens.count(`ip:${count}`, 'invalid');
  pass(60_000);
  expect(lines).toEqual([
    'warn: 11,002 requests with bad tokens within 60 seconds, from more than 10,000 addresses, most of them (2) from evil\\nERROR all is lost.',
  ]);
});
