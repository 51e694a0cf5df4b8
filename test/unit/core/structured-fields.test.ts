import { describe, expect, test } from '@jest/globals';
import { MAXIMUM_INTEGER, structuredInteger, structuredString } from '../../../src/core/structured-fields.js';

describe('structured fields', () => {
  test('[RFC 9651 §4.1.6] a String is quoted, and its quotes and backslashes are escaped', () => {
    expect(structuredString('')).toBe('""');
    expect(structuredString('a "b" \\ ~')).toBe('"a \\"b\\" \\\\ ~"');
  });

  test.each(['é', 'a\n', '\u0000', '\u007f'])('[RFC 9651 §3.3.3] %j is no String', (text) => {
    expect(() => structuredString(text)).toThrow(
      new RangeError('A structured field string holds only printable ASCII.'),
    );
  });

  test('[RFC 9651 §3.3.1] an Integer has at most fifteen digits', () => {
    for (const good of [0, -5, MAXIMUM_INTEGER, -MAXIMUM_INTEGER]) expect(structuredInteger(good)).toBe(`${good}`);
    for (const bad of [MAXIMUM_INTEGER + 1, -MAXIMUM_INTEGER - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => structuredInteger(bad)).toThrow(
        new RangeError('A structured field integer is a whole number of at most 15 digits.'),
      );
    }
  });
});
