import { describe, expect, test } from '@jest/globals';
import { nearest, suggestion } from '../../../../src/core/options/nearest.js';

describe('the nearest known name', () => {
  test.each([
    ['one letter is missing', 'clck', 'clock'],
    ['one letter is too many', 'cclock', 'clock'],
    ['one letter is another', 'clack', 'clock'],
    ['two letters are swapped', 'colck', 'clock'],
    ['two letters at the beginning are swapped', 'lcock', 'clock'],
    ['two letters at the end are swapped', 'clokc', 'clock'],
    ['a name of two letters', 'ac', 'ab'],
    ['a letter is added to a name of two', 'abx', 'ab'],
    ['two letters of eight are missing', 'dtabse', 'database'],
    ['spelling and separators do not count', 'Max-_ .AGE seconds', 'maxAgeSeconds'],
    ['four letters of a long name are others', 'XXXXthenticatedAtMilliseconds', 'authenticatedAtMilliseconds'],
    ['only the beginning is written', 'maxAg', 'maxAgeSeconds'],
    ['the unit is abbreviated', 'deadlineMs', 'deadlineMilliseconds'],
    ['two letters follow the beginning', 'deadlineXy', 'deadlineMilliseconds'],
  ])('is meant where %s: %s', (_name, typed, meant) => {
    const known = ['ab', 'clock', 'database', 'maxAgeSeconds', 'deadlineMilliseconds', 'authenticatedAtMilliseconds'];
    expect(nearest(typed, known)).toBe(meant);
  });

  test.each([
    ['two letters of five', 'clxxk', 'clock'],
    ['a swap and a letter', 'lcockx', 'clock'],
    ['a letter that moved forward, and another in its place', 'lxock', 'clock'],
    ['a letter that moved back, and another in its place', 'xcock', 'clock'],
    ['three letters of eight', 'dtbse', 'database'],
    ['letters that are apart', 'kloccxx', 'clock'],
    ['five letters of a long name', 'XXXXXhenticatedAtMilliseconds', 'authenticatedAtMilliseconds'],
    ['a beginning of four letters', 'maxA', 'maxAgeSeconds'],
    ['another ending of three letters', 'deadlineXyz', 'deadlineMilliseconds'],
    ['a text that is much longer', 'clockclockclock', 'clock'],
    ['nothing', '', 'a'],
    ['separators alone', '-_.', 'a'],
  ])('is not meant by %s: %s', (_name, typed, known) => {
    expect(nearest(typed, [known])).toBeUndefined();
  });

  test('is the one with the fewest mistakes, and of two the first', () => {
    expect(nearest('maxEntries', ['maxEntrie', 'maxEntries', 'minEntries'])).toBe('maxEntries');
    expect(nearest('ac', ['ab', 'ad'])).toBe('ab');
    expect(nearest('ab', [])).toBeUndefined();
  });

  test('is asked for, as the message writes it', () => {
    expect(suggestion('clck', ['clock'])).toBe('did you mean clock?');
    expect(suggestion('clck', ['clock'], (meant) => `cache.${meant}`)).toBe('did you mean cache.clock?');
    expect(suggestion('session', ['clock'])).toBe('');
  });
});
