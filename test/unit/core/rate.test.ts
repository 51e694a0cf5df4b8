import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { parseRate } from '../../../src/core/rate.js';

const read = (text: unknown) => parseRate(text as string, 'throttling.policies.x');

describe('a rate', () => {
  test.each([
    ['100/hour', 100, 3600],
    ['10/5m', 10, 300],
    ['1/s', 1, 1],
    ['0/m', 0, 60],
    ['7/2days', 7, 172_800],
    ['3/15sec', 3, 15],
    ['3/secs', 3, 1],
    ['3/second', 3, 1],
    ['3/seconds', 3, 1],
    ['3/min', 3, 60],
    ['3/minute', 3, 60],
    ['3/10minutes', 3, 600],
    ['3/h', 3, 3600],
    ['3/hours', 3, 3600],
    ['3/d', 3, 86_400],
    ['3/day', 3, 86_400],
    ['999999999999999/366d', 999_999_999_999_999, 31_622_400],
  ])('%s is %d in %d seconds', (text, limit, windowSeconds) => {
    expect(read(text)).toEqual({ limit, windowSeconds, windowMilliseconds: windowSeconds * 1000 });
  });

  test('null is unlimited', () => {
    expect(read(null)).toBeNull();
  });

  test.each([
    '',
    '100',
    '/m',
    '100/',
    '-1/m',
    '+1/m',
    '1.5/m',
    '1e3/m',
    '100 /m',
    '100/ m',
    ' 100/m',
    '100/m\n',
    '100/M',
    '100/month',
    '5/mo',
    '5/week',
    '5/y',
    '100/hour/day',
    '10/0m',
    '10/0005',
    '10/-5m',
    '10/1.5h',
    '1000000000000000/m',
    '1/367d',
    '1/99999999999999999999s',
    '1/constructor',
    '1/toString',
    '٣/m',
    100,
    undefined,
    true,
    {},
    ['1/m'],
  ])('%j is an error that names its place and the fix', (text) => {
    expect(() => read(text)).toThrow(ConfigurationError);
    expect(() => read(text)).toThrow(/^The option throttling\.policies\.x cannot be .*: .*(write|give|lower|shorten)/);
  });

  test.each(['100', '100/M', '5/week', '1000000000000000/m', '1/367d'])(
    '%j is shown, since it reads as a rate',
    (text) => {
      expect(() => read(text)).toThrow(JSON.stringify(text));
    },
  );

  test('a period of several letters is read whole, not by its first', () => {
    expect(() => read('5/month')).toThrow('"5/month": its period is not known');
  });
});
