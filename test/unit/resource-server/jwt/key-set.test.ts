import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { MAXIMUM_KEYS, readKeySet } from '../../../../src/resource-server/verifiers/jwt/key-set.js';

type Jwk = Record<string, unknown>;

function publicJwk(type: 'ec' | 'rsa' | 'ed25519', options: object = {}): Jwk {
  const { publicKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return publicKey.export({ format: 'jwk' }) as Jwk;
}

describe('a key set', () => {
  let rsa: Jwk;
  let ec: Jwk;
  let ed: Jwk;
  beforeAll(() => {
    rsa = publicJwk('rsa', { modulusLength: 2048 });
    ec = publicJwk('ec', { namedCurve: 'P-256' });
    ed = publicJwk('ed25519');
  });
  const read = (...keys: unknown[]) => readKeySet({ keys });

  test('gives the public members of keys for signatures', () => {
    const given = { ...rsa, kid: 'a', alg: 'RS256', use: 'sig', x5c: ['MII'], x5u: 'https://evil.example', extra: 1 };
    expect(read(given, ec, ed)).toEqual({ keys: [{ ...rsa, kid: 'a', alg: 'RS256' }, ec, ed], problems: [] });
    expect(read({ ...ec, key_ops: ['verify'] })?.keys).toEqual([ec]);
    for (const namedCurve of ['P-384', 'P-521']) expect(read(publicJwk('ec', { namedCurve }))?.keys).toHaveLength(1);
  });

  test('[RS-10 §3.1] keys of another use, operation, algorithm or type are left out', () => {
    const others = [
      { ...rsa, use: 'enc' },
      { ...rsa, use: null },
      { ...rsa, key_ops: ['encrypt'] },
      { ...rsa, key_ops: 'verify' },
      { ...rsa, alg: 'RSA-OAEP' },
      { ...rsa, alg: 'HS256' },
      { ...rsa, alg: 5 },
      { ...ec, crv: 'secp256k1' },
      { ...ec, crv: 'toString' },
      { ...ec, kty: 'OKP' },
      { ...ed, crv: 'X25519' },
      { ...ed, kty: 'EC' },
      { kty: 'AKP', pub: 'AAAA', alg: 'ML-DSA-44' },
      { kty: 5 },
      {},
    ];
    expect(read(...others)).toEqual({ keys: [], problems: [] });
  });

  test('[RS-10 §3.1] a symmetric key is a problem, whatever it says', () => {
    expect(read({ kty: 'oct', k: 'c2VjcmV0', kid: 'a', alg: 'RS256' })).toMatchObject({ keys: [] });
    expect(read({ kty: 'oct', k: 'c2VjcmV0' })?.problems).toHaveLength(1);
  });

  test('[RS-10 §3.1] a key whose private part stands alongside it is anybody’s', () => {
    expect(read({ ...ec, d: 'AAAA' })).toEqual({ keys: [], problems: ['a key is published with its private part'] });
  });

  test('[RFC 7518 §3.3] RSA keys below 2048 bits are refused, and absurd ones too', () => {
    const weak = publicJwk('rsa', { modulusLength: 1024 });
    expect(read(weak)).toEqual({ keys: [], problems: ['an RSA key has fewer than 2048 bits'] });
    const padded = Buffer.concat([Buffer.alloc(200), Buffer.from(weak.n as string, 'base64url')]).toString('base64url');
    expect(read({ ...weak, n: padded })?.keys).toEqual([]);
    const bits2047 = Buffer.alloc(256, 0xff);
    bits2047[0] = 0x7f;
    expect(read({ ...rsa, n: bits2047.toString('base64url') })?.keys).toEqual([]);
    expect(read({ ...rsa, n: Buffer.alloc(1025, 0xff).toString('base64url') })?.problems).toHaveLength(1);
    expect(read({ ...rsa, n: '' })?.keys).toEqual([]);
    expect(read({ ...rsa, n: 'AAAA' })?.keys).toEqual([]);
  });

  test.each([null, 5, 'key', [], undefined])('an entry %j is a problem', (entry) => {
    expect(read(entry, ec)).toEqual({ keys: [ec], problems: ['a key is not an object'] });
  });

  test('a key with a member of the wrong type is left out', () => {
    for (const change of [{ kid: 5 }, { x: 5 }, { x: 'short' }, { y: undefined }, { y: '*'.repeat(43) }])
      expect(read({ ...ec, ...change })?.keys).toEqual([]);
    for (const change of [{ e: undefined }, { e: 5 }, { n: {} }]) expect(read({ ...rsa, ...change })?.keys).toEqual([]);
  });

  test('with more keys than any issuer has is none', () => {
    expect(read(...Array.from({ length: MAXIMUM_KEYS }, () => ec))?.keys).toHaveLength(MAXIMUM_KEYS);
    expect(read(...Array.from({ length: MAXIMUM_KEYS + 1 }, () => ec))).toBeUndefined();
  });

  test.each([null, undefined, 5, 'x', [], {}, { keys: null }, { keys: {} }, { keys: 'x' }])('is not %j', (document) => {
    expect(readKeySet(document)).toBeUndefined();
  });
});
