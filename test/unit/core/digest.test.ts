import { describe, expect, test } from '@jest/globals';
import { equalInConstantTime, keyOfDigest, sha256, sha256Key } from '../../../src/core/digest.js';

/** The SHA-256 of "abc", from FIPS 180-4. */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('digests', () => {
  test('a token is stored as its SHA-256', () => {
    expect(sha256('abc').toString('hex')).toBe(ABC);
  });

  test('the cache key of a token is the digest as base64url, whether from the token or from its row', () => {
    const key = Buffer.from(ABC, 'hex').toString('base64url');
    expect(sha256Key('abc')).toBe(key);
    expect(keyOfDigest(sha256('abc'))).toBe(key);
  });

  test('a row may give a view into a larger buffer', () => {
    const row = Buffer.concat([Buffer.from('before'), sha256('abc'), Buffer.from('after')]);
    expect(keyOfDigest(new Uint8Array(row.buffer, row.byteOffset + 6, 32))).toBe(sha256Key('abc'));
  });

  test('strings of any lengths are compared', () => {
    expect(equalInConstantTime('abc', 'abc')).toBe(true);
    expect(equalInConstantTime('abc', 'abd')).toBe(false);
    expect(equalInConstantTime('abc', 'abcd')).toBe(false);
  });
});
