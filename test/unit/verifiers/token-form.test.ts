import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formOf } from '../../../src/core/token-form.js';
import { MAXIMUM_TOKEN_LENGTH } from '../../../src/core/token-value.js';

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const jwt = (header: unknown, payload: unknown) => `${part(header)}.${part(payload)}.c2lnbmF0dXJl`;

describe('the form of a token', () => {
  test('of a JWT tells its issuer and its header', () => {
    const header = { alg: 'ES256', typ: 'at+jwt', kid: 'k' };
    const token = jwt(header, { iss: 'https://issuer.example', sub: '5' });
    expect(formOf(token)).toEqual({ kind: 'jwt', token, issuer: 'https://issuer.example', ...header });
  });

  test.each<[string, string]>([
    ['a random text', 'k3bG-random_text'],
    ['two parts', `${part({})}.${part({})}`],
    ['four parts', `${jwt({}, {})}.x`],
    ['five parts, a JWE', 'a.b.c.d.e'],
    ['a header that is no object', jwt([], {})],
    ['a header that is no JSON', jwt('{', {})],
    ['a payload that is no object', jwt({}, 'text')],
    ['a payload that is null', jwt({}, 'null')],
    ['a payload that is a number', jwt({}, '5')],
    ['a header that is a text', jwt('"text"', {})],
    ['no header', `.${part({})}.c2ln`],
    ['no payload', `${part({})}..c2ln`],
    ['only dots', '..'],
    ['a very long header', jwt({ filler: 'x'.repeat(3_000) }, {})],
    ['a very long token', jwt({}, { filler: 'x'.repeat(MAXIMUM_TOKEN_LENGTH) })],
  ])('with %s is opaque', (_name, token) => {
    expect(formOf(token)).toMatchObject({ kind: 'opaque', token, issuer: undefined, alg: undefined });
  });

  test('is read up to the longest header and the longest token', () => {
    const ofLength = (length: number) => part({ filler: 'x'.repeat((length * 3) / 4 - '{"filler":""}'.length) });
    const longest = (header: string) => `${header}.${part({})}.`.padEnd(MAXIMUM_TOKEN_LENGTH, 'c');
    expect(ofLength(2_048)).toHaveLength(2_048);
    expect(formOf(longest(ofLength(2_048))).kind).toBe('jwt');
    expect(formOf(longest(ofLength(2_052))).kind).toBe('opaque');
    expect(formOf(`${longest(part({}))}c`).kind).toBe('opaque');
  });

  test('has texts only, whatever stands in a JWT', () => {
    expect(formOf(jwt({ alg: 1, typ: [], kid: {} }, { iss: ['https://issuer.example'] }))).toMatchObject({
      kind: 'jwt',
      issuer: undefined,
      alg: undefined,
      typ: undefined,
      kid: undefined,
    });
  });

  test('is read of everything without an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => jwt(json, json)),
          fc.array(fc.base64String()).map((parts) => parts.join('.')),
        ),
        (token) => {
          expect(['opaque', 'jwt']).toContain(formOf(token).kind);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
