import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createSealer, SealedValueError } from '../../../../src/authorization-server/keys/sealer.js';
import { ConfigurationError } from '../../../../src/core/errors.js';

const OLD = Buffer.alloc(32, 'old');
const NEW = Buffer.alloc(32, 'new');

/** The bytes after the version and the key id. */
function bodyOf(sealed: string): Buffer {
  return Buffer.from(sealed.split('.')[2] as string, 'base64url');
}

function withBody(sealed: string, body: Buffer): string {
  const [version, id] = sealed.split('.');
  return `${version}.${id}.${body.toString('base64url')}`;
}

describe('a sealer', () => {
  const sealer = createSealer([NEW]);

  test.each(['x', '', 'Grüße, 世界 😀', 'a'.repeat(100_000), '\0\n'])('opens what it sealed', (plain) => {
    expect(sealer.open(sealer.seal(plain, 'row:1'), 'row:1')).toBe(plain);
  });

  test('a sealed value is ASCII text that holds nothing of the plain text, and differs each time', () => {
    const plain = 'the private key';
    const sealed = sealer.seal(plain, 'row:1');
    expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]+$/);
    expect(bodyOf(sealed).includes(plain)).toBe(false);
    expect(sealer.seal(plain, 'row:1')).not.toBe(sealed);
  });

  test('no bit of a sealed value can be changed', () => {
    const sealed = sealer.seal('secret', 'row:1');
    const body = bodyOf(sealed);
    for (let bit = 0; bit < body.length * 8; bit++) {
      const changed = Buffer.from(body);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => sealer.open(withBody(sealed, changed), 'row:1')).toThrow(SealedValueError);
    }
  });

  test('no character of a sealed value can be changed, taken away or added', () => {
    const sealed = sealer.seal('secret.', 'row:1');
    for (let index = 0; index < sealed.length; index++) {
      const other = sealed[index] === 'A' ? 'B' : 'A';
      for (const middle of [other, '', `${sealed[index]}A`]) {
        const changed = sealed.slice(0, index) + middle + sealed.slice(index + 1);
        expect(() => sealer.open(changed, 'row:1')).toThrow(SealedValueError);
      }
    }
  });

  test('every length of a cut value is refused with the same words', () => {
    const sealed = sealer.seal('secret', 'row:1');
    const messages = new Set<string>();
    for (let length = 0; length < sealed.length; length++) {
      try {
        sealer.open(sealed.slice(0, length), 'row:1');
      } catch (error) {
        messages.add(`${(error as Error).name}: ${(error as Error).message}`);
        continue;
      }
      throw new Error(`a value cut to ${length} characters opened`);
    }
    expect([...messages]).toEqual([
      'SealedValueError: A stored value cannot be decrypted: it was changed, or encrypted under a key that is not in encryptionKeys.',
    ]);
  });

  test('a sealed value opens only in the context that it was sealed for', () => {
    const sealed = sealer.seal('secret', 'row:1');
    for (const context of ['row:2', '', 'row:1 ', 'ROW:1']) {
      expect(() => sealer.open(sealed, context)).toThrow(SealedValueError);
    }
  });

  test('the same nonce for other keys is no help: a sealer of another key opens nothing', () => {
    expect(() => createSealer([OLD]).open(sealer.seal('secret', 'row:1'), 'row:1')).toThrow(SealedValueError);
  });

  test('a key id of another key does not open a value', () => {
    const both = createSealer([NEW, OLD]);
    const body = sealer.seal('secret', 'row:1').split('.')[2];
    const otherId = createSealer([OLD]).seal('x', 'row:1').split('.')[1];
    expect(() => both.open(`v1.${otherId}.${body}`, 'row:1')).toThrow(SealedValueError);
  });
});

describe('rotation of encryption keys', () => {
  const before = createSealer([OLD]);
  const after = createSealer([NEW, OLD]);

  test('the newest key seals and all of them open', () => {
    const old = before.seal('secret', 'row:1');
    expect(after.open(old, 'row:1')).toBe('secret');
    const sealed = after.seal('secret', 'row:1');
    expect(createSealer([NEW]).open(sealed, 'row:1')).toBe('secret');
    expect(() => before.open(sealed, 'row:1')).toThrow(SealedValueError);
    expect([after.isCurrent(old), after.isCurrent(sealed)]).toEqual([false, true]);
  });

  test('a key is the same as Buffer, as bytes and as base64url text', () => {
    const sealed = after.seal('secret', 'row:1');
    for (const key of [NEW.toString('base64url'), new Uint8Array(NEW)]) {
      expect(createSealer([key]).open(sealed, 'row:1')).toBe('secret');
    }
  });

  test('a sealer keeps its own copy of the key', () => {
    const key = Buffer.from(NEW);
    const own = createSealer([key]);
    key.fill(0);
    expect(own.open(after.seal('secret', 'row:1'), 'row:1')).toBe('secret');
  });
});

describe('derived keys', () => {
  test('are 32 bytes for each encryption key, newest first, and depend on label and key alone', () => {
    const keys = createSealer([NEW, OLD]).deriveKeys('cookies');
    expect(keys.map((key) => key.length)).toEqual([32, 32]);
    expect(keys).toEqual([...createSealer([NEW]).deriveKeys('cookies'), ...createSealer([OLD]).deriveKeys('cookies')]);
    const others = createSealer([NEW]).deriveKeys('refresh successor');
    const hexes = [...keys, ...others, NEW, OLD].map((key) => key.toString('hex'));
    expect(new Set(hexes).size).toBe(hexes.length);
  });
});

describe('encryption keys', () => {
  const good = randomBytes(32);

  test.each([
    ['none', []],
    ['31 bytes', [randomBytes(31)]],
    ['33 bytes', [good, randomBytes(33)]],
    ['text of 16 bytes', [randomBytes(16).toString('base64url')]],
    ['hexadecimal text', [good.toString('hex')]],
    ['base64 with padding', [good.toString('base64')]],
    ['base64url with a space', [` ${good.toString('base64url')}`]],
    ['an empty string', ['']],
    ['a number', [5 as unknown as string]],
    ['null', [null as unknown as string]],
    ['the same key twice', [good, good.toString('base64url')]],
    ['no list', good.toString('base64url') as unknown as string[]],
  ])("%s is refused by the option's name, and no key is shown", (_what, keys) => {
    let message = '';
    try {
      createSealer(keys, { path: 'authorizationServer.encryptionKeys' });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      message = (error as Error).message;
    }
    expect(message).toMatch(/^The option authorizationServer\.encryptionKeys/);
    for (const key of Array.isArray(keys) ? keys : [keys]) {
      const text = typeof key === 'string' ? key : Buffer.isBuffer(key) ? key.toString('base64url') : '';
      if (text.length > 8) expect(message).not.toContain(text.slice(0, 8));
    }
  });
});
