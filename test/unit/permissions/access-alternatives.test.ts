import { describe, expect, test } from '@jest/globals';
import {
  type AccessAlternative,
  accessAlternatives,
} from '../../../src/resource-server/permissions/access-alternatives.js';
import type { AccessRule, CustomRule } from '../../../src/resource-server/permissions/access-rule.js';

const token = (...scopes: string[]): AccessRule => ({ kind: 'token', scopes });
const simple = (kind: 'everybody' | 'nobody' | 'authenticated' | 'user' | 'userWithoutToken'): AccessRule => ({ kind });
const all = (...parts: AccessRule[]): AccessRule => ({ kind: 'allOf', parts });
const any = (...parts: AccessRule[]): AccessRule => ({ kind: 'anyOf', parts });
const custom = (name: string): CustomRule => ({
  ...{ kind: 'custom', name, description: undefined, unknown: 'decision', scopes: undefined },
});
const one = (
  credentials: AccessAlternative['credentials'],
  rest: Partial<AccessAlternative> = {},
): AccessAlternative => ({ credentials, user: false, scopes: [], further: [], ...rest });

describe('[RS-72] the alternatives of a rule', () => {
  const owner = custom('Owner');
  const staff = custom('Staff');

  test.each<[string, AccessRule, AccessAlternative[]]>([
    ['everybody', simple('everybody'), [one('none')]],
    ['nobody', simple('nobody'), []],
    ['any principal', simple('authenticated'), [one('any')]],
    ['a user', simple('user'), [one('any', { user: true })]],
    ['a user without a token', simple('userWithoutToken'), [one('noToken', { user: true })]],
    ['a token', token('a', 'b'), [one('token', { scopes: ['a', 'b'] })]],
    ['code', owner, [one('none', { further: [owner] })]],
    ['code on top of a token', all(token('a'), owner), [one('token', { scopes: ['a'], further: [owner] })]],
    ['two pieces of code', all(owner, staff), [one('none', { further: [owner, staff] })]],
    ['the same code twice', all(owner, owner), [one('none', { further: [owner] })]],
    ['the same scope twice', all(token('a', 'b'), token('b', 'c')), [one('token', { scopes: ['a', 'b', 'c'] })]],
    ['a token of a user', all(simple('user'), token('a')), [one('token', { user: true, scopes: ['a'] })]],
    ['a token of a user, in the other order', all(token('a'), simple('user')), [one('token', { user: true, scopes: ['a'] })]],
    ['everybody, with a condition', all(simple('everybody'), simple('authenticated')), [one('any')]],
    ['a condition, and everybody', all(simple('authenticated'), simple('everybody')), [one('any')]],
    ['a token and none', all(token('a'), simple('userWithoutToken')), []],
    ['a session of any principal', all(simple('authenticated'), simple('userWithoutToken')), [one('noToken', { user: true })]],
    ['one of two', any(token('a'), token('b')), [one('token', { scopes: ['a'] }), one('token', { scopes: ['b'] })]],
    ['each of two with one more', all(token('c'), any(token('a'), token('b'))), [
      one('token', { scopes: ['c', 'a'] }),
      one('token', { scopes: ['c', 'b'] }),
    ]],
    ['none of none', any(), []],
    ['all of none', all(), [one('none')]],
  ])('are, for %s', (_name, rule, alternatives) => {
    expect(accessAlternatives(rule)).toEqual(alternatives);
  }); // biome-ignore format: a table

  test.each<[string, AccessRule, AccessAlternative[]]>([
    ['the same', any(token('a'), token('a')), [one('token', { scopes: ['a'] })]],
    ['a scope more, later', any(token('a'), token('a', 'b')), [one('token', { scopes: ['a'] })]],
    ['a scope more, earlier', any(token('a', 'b'), token('a')), [one('token', { scopes: ['a'] })]],
    ['a token, beside any principal', any(token(), simple('authenticated')), [one('any')]],
    ['a user, beside any principal', any(simple('user'), simple('authenticated')), [one('any')]],
    ['a session, beside any user', any(simple('userWithoutToken'), simple('user')), [one('any', { user: true })]],
    ['anything, beside everybody', any(token('a'), simple('user'), owner, simple('everybody')), [one('none')]],
    ['code on top', any(all(token('a'), owner), token('a')), [one('token', { scopes: ['a'] })]],
    ['a token on top of code', any(all(token('a'), owner), owner), [one('none', { further: [owner] })]],
    ['the same scopes in another order', any(token('b', 'a'), token('a', 'b')), [one('token', { scopes: ['b', 'a'] })]],
  ])('leave out what asks for more than another one: %s', (_name, rule, alternatives) => {
    expect(accessAlternatives(rule)).toEqual(alternatives);
  });

  test.each<[string, AccessRule]>([
    ['different scopes', any(token('a'), token('b'))],
    ['a token and a session', any(token(), simple('userWithoutToken'))],
    ['any principal with code, and a user', any(all(simple('authenticated'), owner), simple('user'))],
    ['a token with a scope, and a token of a user', any(token('a'), all(token(), simple('user')))],
    ['different code', any(owner, staff)],
    ['everybody with code, and any principal', any(owner, simple('authenticated'))],
  ])('keep both where neither is within the other: %s', (_name, rule) => {
    expect(accessAlternatives(rule)).toHaveLength(2);
  });

  test('are not told if there are too many on the way, also inside others', () => {
    const many = any(...Array.from({ length: 65 }, (_, index) => token(`a${index}`)));
    expect(accessAlternatives(many)).toBeUndefined();
    expect(accessAlternatives(all(token('x'), many))).toBeUndefined();
    expect(accessAlternatives(any(many, simple('everybody')))).toBeUndefined();
  });
});
