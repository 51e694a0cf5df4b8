import { describe, expect, test } from '@jest/globals';
import { charactersOf, freezeClaims, NO_CLAIMS } from '../../../src/core/claims.js';

describe('claims', () => {
  test('they are frozen at every depth, also in lists', () => {
    const inner = { c: 1 };
    const list = [inner, null];
    const claims = { a: { list }, text: 'x', none: null };
    expect(freezeClaims(claims)).toBe(claims);
    for (const part of [claims, claims.a, list, inner]) expect(Object.isFrozen(part)).toBe(true);
  });

  test('a claim that holds itself is frozen once', () => {
    const claims: Record<string, unknown> = {};
    claims.self = claims;
    expect(Object.isFrozen(freezeClaims(claims))).toBe(true);
  });

  test('their size is that of names and strings, and 16 characters for each member', () => {
    expect(charactersOf(NO_CLAIMS)).toBe(0);
    expect(charactersOf({ sub: 'alice' })).toBe(16 + 3 + 5);
    expect(charactersOf({ n: 5, none: null })).toBe(16 + 1 + 16 + 4);
    expect(charactersOf({ a: { bc: 'def' } })).toBe(16 + 1 + 16 + 2 + 3);
    expect(charactersOf({ a: ['xy', 'z'] })).toBe(16 + 1 + 2 * (16 + 1) + 3);
  });
});
