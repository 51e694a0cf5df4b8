import { describe, expect, test } from '@jest/globals';
import { createOAuth2, type JwtTokensOptions, jwtTokens } from '../../../../src/public/index.js';

const ISSUER = 'https://issuer.example';
const KEY = { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) };
const wrong = (options: unknown) => () => jwtTokens(options as JwtTokensOptions);

describe('a wrong option of jwtTokens is an error at start-up', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /jwtTokens cannot be undefined: give an object with at least \{ issuer \}/],
    ['no issuer', {}, /jwtTokens\.issuer cannot be undefined: give the issuer/],
    ['an issuer by http', { issuer: 'http://issuer.example' }, /jwtTokens\.issuer cannot be .*: use https/],
    ['an issuer on loopback', { issuer: 'http://127.0.0.1:1' }, /or for a test set allowHttpOnLoopback/],
    ['an issuer with a query', { issuer: `${ISSUER}?a=b` }, /leave the query out/],
    ['an issuer with a password', { issuer: 'https://a:b@issuer.example' }, /leave user and password out/],
    ['a mistyped option', { issuer: ISSUER, algorithm: ['RS256'] }, /did you mean jwtTokens\.algorithms\?/],
    [
      '[RS-10 §3.1] none',
      { issuer: ISSUER, algorithms: ['none'] },
      /algorithms\[0\] cannot be "none": it is no signature/,
    ],
    [
      '[RS-10 §3.1] HS256',
      { issuer: ISSUER, algorithms: ['RS256', 'HS256'] },
      /algorithms\[1\] cannot be "HS256": whoever can verify it could sign too/,
    ],
    ['no algorithms', { issuer: ISSUER, algorithms: [] }, /algorithms cannot be an empty list/],
    ['one algorithm', { issuer: ISSUER, algorithms: 'RS256' }, /algorithms cannot be .*: name some of RS256/],
    ['another type', { issuer: ISSUER, typ: 'jwt' }, /typ cannot be "jwt": use 'at\+jwt' or 'JWT'/],
    [
      'keys and where they are',
      { issuer: ISSUER, jwks: { keys: [KEY] }, jwksUri: `${ISSUER}/keys` },
      /give either the keys/,
    ],
    ['keys by http', { issuer: ISSUER, jwksUri: 'http://issuer.example/keys' }, /jwksUri cannot be .*: use https/],
    ['no keys', { issuer: ISSUER, jwks: { keys: [] } }, /jwks cannot be an object.*at least one public key/],
    ['a list of keys', { issuer: ISSUER, jwks: [KEY] }, /jwks cannot be a list: give a key set/],
    [
      'a private key',
      { issuer: ISSUER, jwks: { keys: [{ ...KEY, d: 'secret-part' }] } },
      /a key is published with its private part/,
    ],
    ['a secret', { issuer: ISSUER, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, /private part/],
    ['no audience', { issuer: ISSUER, audience: [] }, /audience cannot be an empty list/],
    ['an empty audience', { issuer: ISSUER, audience: [''] }, /audience\[0\] cannot be ""/],
    [
      'a skew of a day',
      { issuer: ISSUER, clockSkewSeconds: 86_400 },
      /clockSkewSeconds cannot be 86400: give a whole number from 0 to 300/,
    ],
    [
      'keys that are too old before they are fetched',
      { issuer: ISSUER, keysReloadSeconds: 600, keysMaxAgeSeconds: 60 },
      /keysMaxAgeSeconds cannot be 60: give at least keysReloadSeconds/,
    ],
    ['tokens longer than any that are looked at', { issuer: ISSUER, maximumTokenLength: 100_000 }, /from 256 to 8192/],
    ['no function', { issuer: ISSUER, user: 'alice' }, /jwtTokens\.user cannot be a string: give a function/],
  ])('%s', (_name, options, message) => {
    expect(wrong(options)).toThrow(message);
  });

  test('[RS-69] no key is printed', () => {
    const keys = [{ ...KEY, d: 'secret-part' }];
    expect(wrong({ issuer: ISSUER, jwks: { keys } })).not.toThrow(/secret-part/);
  });

  test('[RS-9 §4] the resource must have a name', () => {
    const verifiers = [jwtTokens({ issuer: ISSUER })];
    expect(() => createOAuth2({ database: 'sqlite::memory:', verifiers })).toThrow(
      /verifiers\[0\]\.audience cannot be undefined: name this resource here, or by the option resource/,
    );
  });

  test('an issuer has one verifier', () => {
    const one = jwtTokens({ issuer: ISSUER, audience: 'https://api.example' });
    expect(() => createOAuth2({ database: 'sqlite::memory:', verifiers: [one, one] })).toThrow(/verifiers\[1\]/);
  });
});
