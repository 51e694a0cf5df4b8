import { describe, expect, test } from '@jest/globals';
import { readSecretKeys } from '../../../src/core/secret-keys.js';
import { importedSecret } from '../../../src/storage/models/new-application.js';

test('[RS-69] of an option that holds secrets not even a short text or number is shown', () => {
  for (const given of ['ab', 'qqqq', 917, 5]) {
    expect(() => readSecretKeys([given as never], 'cache.authenticationKeys')).toThrow(/cannot be a (string|number): /);
    const columns = { clientType: 'confidential', jwks: null, jwksUri: null } as never;
    expect(() => importedSecret({ importedSecretHash: given } as never, columns)).toThrow(
      /cannot be a (string|number): /,
    );
  }
});

describe('a list of secret keys', () => {
  const keys = [1, 2].map((fill) => Buffer.alloc(32, fill));
  const text = (fill: number) => Buffer.alloc(32, fill).toString('base64url');
  const how = `make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;

  test('holds bytes, or their base64url text, and keeps their order', () => {
    expect(readSecretKeys([keys[1] as Buffer, text(1)], 'keys')).toEqual([keys[1], keys[0]]);
  });

  test('is a copy', () => {
    const given = Buffer.alloc(32, 7);
    const [read] = readSecretKeys([given], 'keys');
    given.fill(0);
    expect(read).toEqual(Buffer.alloc(32, 7));
  });

  test.each<[string, unknown, string]>([
    ['no list', text(1), `The option keys cannot be a string: give a list of keys of 32 bytes, the newest first; ${how}.`],
    ['a short text', 'ab', `The option keys cannot be a string: give a list of keys of 32 bytes, the newest first; ${how}.`],
    ['an empty list', [], `The option keys cannot be an empty list: give a list of keys of 32 bytes, the newest first; ${how}.`],
    ['a key of another kind', [5], `The option keys[0] cannot be a number: give 32 bytes or their base64url text; ${how}.`],
    ['another alphabet', [text(1), `+${text(1).slice(1)}`], `The option keys[1] cannot be a string: it is not base64url text without padding; ${how}.`],
    ['padding', [`${text(1)}=`], `The option keys[0] cannot be a string: it is not base64url text without padding; ${how}.`],
    ['too few bytes', [Buffer.alloc(31)], `The option keys[0] cannot be bytes: it has 31 bytes, and a key has exactly 32; ${how}.`],
    ['too many bytes', ['AAAA'.repeat(11)], `The option keys[0] cannot be a string: it has 33 bytes, and a key has exactly 32; ${how}.`],
    ['a short key', ['AAAA'], `The option keys[0] cannot be a string: it has 3 bytes, and a key has exactly 32; ${how}.`],
    ['a key twice', [keys[0], text(1)], 'The option keys cannot be a list: it holds the same key twice; give each once, the newest first.'],
  ])('with %s is refused, and shows nothing of a key', (_name, given, message) => {
    expect(() => readSecretKeys(given as never, 'keys')).toThrow(expect.objectContaining({ message }));
  }); // biome-ignore format: a table
});
