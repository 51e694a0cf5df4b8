import { describe, expect, test } from '@jest/globals';
import { ownAuthorized, ownDeclarations } from '../../../src/routing-controllers/declarations.js';
import { defineScopes } from '../../../src/routing-controllers/define-scopes.js';
import { anonymous, withToken } from '../../support/permissions/access.js';

describe('scopes of a module', () => {
  const shop = defineScopes({ 'books:read': 'See books', 'books:write': 'Change books' });

  test('come with the decorators and permissions of this package, which may be taken apart', () => {
    const { Authorized, RequiredScopes, allOf, anyOf, hasScopes, not } = shop;
    class Books {
      @Authorized('books:read')
      list() {}
      @RequiredScopes('books')
      create() {}
    }
    expect(ownAuthorized(Books, 'list')).toEqual([['books:read']]);
    expect(ownDeclarations(Books, 'create')).toEqual({ requiredScopes: ['books'] });
    expect(hasScopes({ scopes: ['books:read'] }, ['books:read'])).toBe(true);
    expect(hasScopes({ scopes: ['books:read'] }, ['books:read', 'books:write'])).toBe(false);
    const reader = withToken(['books:read']);
    expect(allOf('books:read', not('books:write')).hasPermission(reader, undefined as never)).toBe(true);
    expect(anyOf('books:write', 'books:read').hasPermission(reader, undefined as never)).toBe(true);
    expect(anyOf('books:write').hasPermission(anonymous(), undefined as never)).toBe(false);
  });

  test('are given back as the table that the option takes, and none of it can be replaced', () => {
    expect(shop.scopes).toEqual({ 'books:read': 'See books', 'books:write': 'Change books' });
    expect(Object.isFrozen(shop)).toBe(true);
  });

  test.each([
    [
      { 'two words': 'See books' },
      /^The option defineScopes\(\.\.\.\)\.\S+ cannot be .*: the key must be one scope name/,
    ],
    [{ read: 1 as unknown as string }, /^The option defineScopes\(\.\.\.\)\.read cannot be 1: describe the scope/],
    [undefined as never, /^The option defineScopes\(\.\.\.\) cannot be undefined: give names with descriptions/],
  ])('are refused if one is no name with a description: %j', (table, message) => {
    expect(() => defineScopes(table as Record<string, string>)).toThrow(message);
  });
});
