import { describe, expect, test } from '@jest/globals';
import { isPrintable, printable } from '../../../src/core/printable.js';

describe('text for a log or a terminal', () => {
  test.each([
    ['plain é 字', 'plain é 字'],
    ['a\nb\rc\td', 'a\\nb\\rc\\td'],
    ['\u0000\u001b[31m', '\\u0000\\u001b[31m'],
    ['\u202eabc', '\\u202eabc'],
    ['a\u2028b', 'a\\u2028b'],
  ])('%j is written in one line, as it is read', (text, written) => {
    expect(printable(text)).toBe(written);
  });

  test('what would have to be escaped is not printable, and neither is half a character', () => {
    for (const good of ['', 'a b', 'é', '😀']) expect(isPrintable(good)).toBe(true);
    for (const bad of ['a\n', '\u0000', '\u200f', 'a\ud83d', '\ude00b']) expect(isPrintable(bad)).toBe(false);
  });
});
