import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  declaredScopes,
  formatScope,
  hasScopes,
  isScopeName,
  isScopeValue,
  parseScope,
  scopeNameOption,
  scopeTableOption,
} from '../../../src/core/scopes.js';

describe('scopes', () => {
  test('[RFC 6749 §3.3] a scope name is printable ASCII without space, quote and backslash', () => {
    for (const good of ['read', 'books:read', 'https://a/b', '!', '~']) expect(isScopeName(good)).toBe(true);
    for (const bad of ['', 'a b', 'a"b', 'a\\b', 'é', 'a\n', '\u0000', 5, undefined])
      expect(isScopeName(bad)).toBe(false);
  });

  test('a scope value is a list of names, each once, in their order', () => {
    expect(parseScope(' b  a b ')).toEqual(['b', 'a']);
    expect(parseScope('')).toEqual([]);
    expect(parseScope('a a')).toEqual(['a']);
    expect(formatScope(['b', 'a'])).toBe('b a');
  });

  test('[RFC 6749 §3.3] a scope value is names with single spaces between them', () => {
    for (const good of ['a', 'a b', 'b a b']) expect(isScopeValue(good)).toBe(true);
    for (const bad of ['', 'a  b', ' a', 'a ', 'a "']) expect(isScopeValue(bad)).toBe(false);
  });

  test('somebody has scopes who has all of them', () => {
    const holder = { scopes: ['a', 'b'] };
    expect(hasScopes(holder, ['b', 'a'])).toBe(true);
    expect(hasScopes(holder, [])).toBe(true);
    expect(hasScopes(holder, ['a', 'c'])).toBe(false);
    expect(hasScopes(holder, ['c'])).toBe(false);
  });

  test('a declaration may hold several names in a string, and names what is wrong with it', () => {
    expect(declaredScopes(['a b', 'b', 'c'], 'here')).toEqual(['a', 'b', 'c']);
    expect(() => declaredScopes(['a"b'], '@Authorized on X')).toThrow(
      /^@Authorized on X cannot be "a\\"b": it is not a scope name/,
    );
    expect(() => declaredScopes([''], 'here')).toThrow(ConfigurationError);
    expect(() => declaredScopes([' '], 'here')).toThrow(
      'here cannot be " ": an empty string is not a scope; name one.',
    );
    expect(() => declaredScopes([undefined], 'here')).toThrow(/cannot be undefined: it is not a scope name/);
  });

  test('declared scopes cannot be changed afterwards', () => {
    expect(Object.isFrozen(declaredScopes(['a'], 'here'))).toBe(true);
  });

  test('an option describes each scope by its name', () => {
    expect(() => scopeTableOption('scopes', { read: 'Read', 'books:read': '' })).not.toThrow();
    expect(() => scopeTableOption('scopes', ['read'])).toThrow(
      "The option scopes cannot be a list: give names with descriptions, e.g. { read: 'Read' }.",
    );
    expect(() => scopeTableOption('scopes', { 'a b': 'Read' })).toThrow(
      'The option scopes.*** cannot be "Read": the key must be one scope name (RFC 6749 §3.3).',
    );
    expect(() => scopeTableOption('scopes', { read: 5 })).toThrow(
      'The option scopes.read cannot be 5: describe the scope in a text.',
    );
  });

  test('an option of one scope names one', () => {
    expect(scopeNameOption('scope', 'read')).toBe('read');
    expect(() => scopeNameOption('scope', 'a b')).toThrow(
      'The option scope cannot be "a b": give one scope name (RFC 6749 §3.3).',
    );
  });
});
