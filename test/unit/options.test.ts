import { describe, expect, test } from '@jest/globals';
import { ConfigurationError, createOAuth2, type OAuth2Options, session } from '../../src/public/index.js';

describe('a wrong option is an error at start-up that names it, its value and the fix', () => {
  const cases: [string, Partial<Record<keyof OAuth2Options | 'datbase', unknown>>, RegExp][] = [
    [
      'an unknown option',
      { datbase: 'x' },
      /datbase cannot be set: there is no such option; did you mean database\? known are database, /,
    ],
    ['no database', { database: undefined }, /database cannot be undefined: give a URL/],
    ['a database of another kind', { database: 'oracle://x' }, /oracle/],
    ['an empty realm', { realm: '' }, /realm cannot be ""/],
    ['two scope names in one', { readScope: 'a b' }, /readScope cannot be "a b"/],
    [
      'a flag that is a text',
      { errorResponseWithScopes: 'yes' },
      /errorResponseWithScopes cannot be "yes": use true or false/,
    ],
    ['an unknown error body', { errorBody: 'html' }, /errorBody cannot be "html": use 'oauth2', 'drf'/],
    ['half a proxy', { trustedProxies: 0.5 }, /trustedProxies cannot be 0.5: give how many proxies there are/],
    ['proxies in a text', { trustedProxies: 'loopback' }, /trustedProxies cannot be a string: give .*a list/],
    ['a mistyped network', { trustedProxies: ['loopbak'] }, /trustedProxies\[0\] cannot be "loopbak": give a network/],
    ['every network', { trustedProxies: ['0.0.0.0/0'] }, /trustedProxies\[0\] cannot be .*each caller could choose/],
    ['no proxies', { trustedProxies: null }, /trustedProxies cannot be null/],
    ['a fixed address', { address: '203.0.113.5' }, /address cannot be a string: give a function/],
    ['a prefix that is a provider', { ipv6PrefixLength: 16 }, /ipv6PrefixLength cannot be 16: .* from 32 to 128/],
    ['a lifetime of nothing', { accessTokenLifetimeSeconds: 0 }, /accessTokenLifetimeSeconds cannot be 0/],
    ['scopes as a list', { scopes: ['read'] }, /scopes cannot be a list: give names with descriptions/],
    [
      'a scope with a space',
      { scopes: { 'a b': 'x' } },
      /scopes\.\*\*\* cannot be "x": the key must be one scope name/,
    ],
    ['a scope without description', { scopes: { a: 5 } }, /scopes.a cannot be 5/],
    ['a resource with a fragment', { resource: 'https://a/#b' }, /resource cannot be a URL of the scheme https/],
    ['a relative resource', { resource: '/api' }, /resource cannot be "\/api"/],
    ['users without isActive', { users: { findById() {} } }, /users cannot be .*findById\(id\) and isActive\(user\)/],
    ['no authenticators', { authenticators: [] }, /authenticators cannot be an empty list/],
    [
      'an authenticator that is none',
      { authenticators: ['bearer'] },
      /authenticators\[0\] cannot be a string: give bearer\(\)/,
    ],
    [
      'a session without users',
      { authenticators: [session()] },
      /a session names a user, so the option users is needed/,
    ],
    ['a container that is none', { container: {} }, /container cannot be/],
    ['a rate that cannot be', { throttling: { policies: { user: '100/fortnight' } } }, /fortnight/],
    ['a cache bound of nothing', { cache: { revocationBoundSeconds: -1 } }, /revocationBoundSeconds/],
    [
      'an unknown cache option',
      { cache: { maxEntry: 5 } },
      /cache\.maxEntry cannot be set: there is no such option; did you mean cache\.maxEntries\?/,
    ],
    ['a Redis that is none', { redis: 'http://127.0.0.1' }, /redis cannot be a URL of the scheme http/],
    ['an empty key prefix', { keyPrefix: '' }, /keyPrefix cannot be ""/],
  ];

  test.each(cases)('%s', (_name, options, message) => {
    const make = () => createOAuth2({ database: ':memory:', ...options } as OAuth2Options);
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });

  test('nothing at all', () => {
    expect(() => createOAuth2(undefined as never)).toThrow(
      /The argument of createOAuth2 cannot be undefined: give an object with at least { database }/,
    );
  });
});
