import { createHash } from 'node:crypto';
import { ConfigurationError } from '../../core/errors.js';

/** A key that seals what must be read again: 32 bytes, or the base64url text of 32 bytes (43 characters). */
export type EncryptionKey = Uint8Array | string;

const KEY_BYTES = 32;

const HOW_TO_MAKE_ONE = `make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;

/**
 * Reads the encryption keys, newest first.
 *
 * @param where names the option or variable in errors; no message ever holds a key or a part of one
 * @throws ConfigurationError if there is none, one is not 32 bytes, or one is given twice
 */
export function readEncryptionKeys(keys: readonly EncryptionKey[], where: string): readonly Buffer[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new ConfigurationError(
      `${where} holds no key; give a list of keys of 32 bytes, the newest first; ${HOW_TO_MAKE_ONE}.`,
    );
  }
  const read = keys.map((key, index) => readKey(key, `${where}[${index}]`));
  if (new Set(read.map((key) => createHash('sha256').update(key).digest('hex'))).size !== read.length) {
    throw new ConfigurationError(`${where} holds the same key twice; give each once, the newest first.`);
  }
  return read;
}

function readKey(key: unknown, where: string): Buffer {
  // A copy: a caller that clears its buffer, as is good habit, must not clear this one.
  if (key instanceof Uint8Array) return requireLength(Buffer.from(key), where);
  if (typeof key === 'string') {
    const bytes = Buffer.from(key, 'base64url');
    // Node skips what is not base64url: without this look a mistyped key would quietly be another one.
    if (bytes.toString('base64url') !== key) {
      throw new ConfigurationError(`${where} is not base64url text without padding; ${HOW_TO_MAKE_ONE}.`);
    }
    return requireLength(bytes, where);
  }
  throw new ConfigurationError(
    `${where} is ${typeOf(key)}; give 32 bytes or their base64url text; ${HOW_TO_MAKE_ONE}.`,
  );
}

function requireLength(bytes: Buffer, where: string): Buffer {
  if (bytes.length === KEY_BYTES) return bytes;
  throw new ConfigurationError(
    `${where} has ${bytes.length} bytes; a key has exactly ${KEY_BYTES}; ${HOW_TO_MAKE_ONE}.`,
  );
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value;
}
