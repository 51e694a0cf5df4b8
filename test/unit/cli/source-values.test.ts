import { describe, expect, test } from '@jest/globals';
import { timeOf, withOffset } from '../../../src/cli/import/django/source-values.js';
import { TimeZone } from '../../../src/cli/import/django/time-zone.js';

describe('a time of another database', () => {
  test.each([
    ['2036-11-25 14:27:17.205570', '2036-11-25T14:27:17.205Z'],
    ['2036-11-25T14:27:17', '2036-11-25T14:27:17.000Z'],
    ['2036-11-25 14:27', '2036-11-25T14:27:00.000Z'],
    ['2036-11-25 14:27:17.2Z', '2036-11-25T14:27:17.200Z'],
    ['2036-11-25 14:27:17+02', '2036-11-25T12:27:17.000Z'],
    ['2036-11-25 14:27:17-0530', '2036-11-25T19:57:17.000Z'],
    ['2036-11-25 14:27:17.999999+05:30', '2036-11-25T08:57:17.999Z'],
    ['2111236037.2055', '2036-11-25T14:27:17.205Z'],
  ])('%s is %s', (text, moment) => {
    expect(new Date(timeOf(text) ?? Number.NaN).toISOString()).toBe(moment);
  });

  test.each(['', 'never', 'infinity', '0000-00-00 00:00:00', '2036-13-45 14:27:17', '-1', '1e9', '2036-11-25'])(
    '%j is none',
    (text) => {
      expect(timeOf(text)).toBeUndefined();
    },
  );

  test('in a zone only a text without an offset means something else', () => {
    const zone = TimeZone.named('Europe/Berlin') as TimeZone;

    expect(withOffset('2036-07-25 14:27:17.205570', zone)).toBe('2036-07-25T12:27:17.205Z');
    for (const text of ['2036-07-25 14:27:17+00', '2036-07-25 14:27:17Z', '2111236037.2', 'never', '']) {
      expect(withOffset(text, zone)).toBe(text);
    }
  });
});
