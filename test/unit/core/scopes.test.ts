import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { declaredScopes, formatScope, isScopeName, parseScope } from '../../../src/core/scopes.js';

describe('scopes', () => {
  test('[RFC 6749 §3.3] a scope name is printable ASCII without space, quote and backslash', () => {
    for (const good of ['read', 'books:read', 'https://a/b', '!', '~']) expect(isScopeName(good)).toBe(true);
    for (const bad of ['', 'a b', 'a"b', 'a\\b', 'é', 'a\n', '\u0000', 5, undefined])
      expect(isScopeName(bad)).toBe(false);
  });

  test('a scope value is a list of names, each once, in their order', () => {
    expect(parseScope(' b  a b ')).toEqual(['b', 'a']);
    expect(parseScope('')).toEqual([]);
    expect(formatScope(['b', 'a'])).toBe('b a');
  });

  test('a declaration may hold several names in a string, and names what is wrong with it', () => {
    expect(declaredScopes(['a b', 'b', 'c'], 'here')).toEqual(['a', 'b', 'c']);
    expect(() => declaredScopes(['a"b'], '@Authorized on X')).toThrow(
      /^@Authorized on X cannot be "a\\"b": it is not a scope name/,
    );
    expect(() => declaredScopes([''], 'here')).toThrow(ConfigurationError);
    expect(() => declaredScopes([undefined], 'here')).toThrow(/cannot be undefined: it is not a scope name/);
  });

  test('declared scopes cannot be changed afterwards', () => {
    expect(Object.isFrozen(declaredScopes(['a'], 'here'))).toBe(true);
  });
});
