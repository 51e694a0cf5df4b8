import { describe, expect, test } from '@jest/globals';
import { generateClientId, generateTokenValue, isTokenValue } from '../../../src/core/token-value.js';

const zeros = (size: number) => Buffer.alloc(size);

describe('values of tokens', () => {
  test('are 256 random bits, and client identifiers 128, as base64url', () => {
    expect(generateTokenValue(zeros)).toBe('A'.repeat(43));
    expect(generateClientId(zeros)).toBe('A'.repeat(22));
    expect(generateTokenValue((size) => Buffer.alloc(size, 255))).toBe(`${'_'.repeat(42)}8`);
    expect(generateTokenValue()).not.toBe(generateTokenValue());
    expect(generateClientId()).not.toBe(generateClientId());
  });

  test('[RFC 6750 §2.1] a bearer token is b64token, of at most 8192 characters', () => {
    for (const good of ['a', 'aZ09-._~+/==', 'a'.repeat(8192)]) expect(isTokenValue(good)).toBe(true);
    for (const bad of ['', '=', 'a=b', 'a b', ' a', 'a\n', 'a,b', 'é', 'a'.repeat(8193)]) {
      expect(isTokenValue(bad)).toBe(false);
    }
  });
});
