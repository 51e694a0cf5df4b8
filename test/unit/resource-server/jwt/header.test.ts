import { describe, expect, test } from '@jest/globals';
import { jsonObjectOf, readHeader } from '../../../../src/resource-server/verifiers/jwt/jwt-header.js';

const rules = { algorithms: new Set(['RS256', 'ES256']), typ: 'at+jwt', maximumTokenLength: 8192 } as const;
const good = { alg: 'ES256', typ: 'at+jwt', kid: 'one' };

function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function tokenWith(header: unknown): string {
  return `${part(header)}.${part({ iss: 'https://issuer.example' })}.c2ln`;
}

describe('the header of a JWT', () => {
  test('gives algorithm and key', () => {
    expect(readHeader(tokenWith(good), rules)).toEqual({ alg: 'ES256', kid: 'one' });
    expect(readHeader(tokenWith({ alg: 'RS256', typ: 'at+jwt' }), rules)).toEqual({ alg: 'RS256', kid: undefined });
  });

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])(
    '[RS-10 §3.11] the type may be written %s',
    (typ) => {
      expect(readHeader(tokenWith({ ...good, typ }), rules)).toBeDefined();
    },
  );

  test.each([
    'JWT',
    'jwt',
    'dpop+jwt',
    'at+jwt ',
    'application/application/at+jwt',
    'at+jwt; a=b',
    '',
    undefined,
    null,
    1,
    ['at+jwt'],
  ])('[RS-10 §3.11] the type %j is refused', (typ) => {
    expect(readHeader(tokenWith({ ...good, typ }), rules)).toBeUndefined();
  });

  test.each([undefined, 'JWT', 'jwt', 'application/jwt', 'at+jwt'])(
    'of an issuer that says JWT the type may be %j',
    (typ) => {
      expect(readHeader(tokenWith({ ...good, typ }), { ...rules, typ: 'JWT' })).toBeDefined();
    },
  );

  test.each(['dpop+jwt', 'logout+jwt', 'secevent+jwt', null, 1])(
    '[RS-10 §3.11] of an issuer that says JWT the type %j is refused nevertheless',
    (typ) => {
      expect(readHeader(tokenWith({ ...good, typ }), { ...rules, typ: 'JWT' })).toBeUndefined();
    },
  );

  test.each([
    'none',
    'None',
    'HS256',
    'HS512',
    'es256',
    'ES256 ',
    'PS256',
    'toString',
    '__proto__',
    '',
    undefined,
    null,
    1,
  ])('[RS-10 §3.1] the algorithm %j is refused where it is not allowed', (alg) => {
    expect(readHeader(tokenWith({ ...good, alg }), rules)).toBeUndefined();
  });

  test.each([[[]], [['exp']], [['b64']], [null], ['exp'], [0]])('[RFC 7515 §4.1.11] crit %j is refused', (crit) => {
    expect(readHeader(tokenWith({ ...good, crit, b64: true, exp: 1 }), rules)).toBeUndefined();
  });

  test.each([1, null, ['one'], { one: 1 }, 'k'.repeat(256)])('the kid %j is refused', (kid) => {
    expect(readHeader(tokenWith({ ...good, kid }), rules)).toBeUndefined();
  });

  test('[RFC 7515 §4.1] keys and addresses of keys in it are not looked at', () => {
    const header = { ...good, jwk: 5, jku: 'https://evil.example', x5u: [], x5c: null };
    expect(readHeader(tokenWith(header), rules)).toEqual({ alg: 'ES256', kid: 'one' });
  });

  test.each([
    '',
    '.',
    '..',
    'a.b',
    'a.b.c.d',
    'a.b.c.d.e',
    `${part(good)}..c2ln`,
    `${part(good)}.${part({})}.`,
    `.${part({})}.c2ln`,
    `${part(good)}.${part({})}.c2ln=`,
    `${part(good)}.${part({})}.c2\nln`,
    `${part(good)} .${part({})}.c2ln`,
    tokenWith('null'),
    tokenWith('[]'),
    tokenWith('5'),
    tokenWith('{'),
    tokenWith('"ES256"'),
  ])('is not read of %j', (token) => {
    expect(readHeader(token, rules)).toBeUndefined();
  });

  test('is not read of a token that is too long, or if it is itself', () => {
    const token = tokenWith(good);
    expect(readHeader(token, { ...rules, maximumTokenLength: token.length })).toBeDefined();
    expect(readHeader(token, { ...rules, maximumTokenLength: token.length - 1 })).toBeUndefined();
    expect(readHeader(tokenWith({ ...good, padding: 'x'.repeat(2000) }), rules)).toBeUndefined();
  });
});

describe('JSON of a token', () => {
  test('is an object in UTF-8', () => {
    expect(jsonObjectOf(Buffer.from('{"sub":"é"}'))).toEqual({ sub: 'é' });
    for (const text of ['', 'null', '[]', '1', '"a"', '{"a":1}x', '\ufeff{}'])
      expect(jsonObjectOf(Buffer.from(text))).toBeUndefined();
    expect(jsonObjectOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined();
  });
});
