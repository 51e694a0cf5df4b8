import { createHash } from 'node:crypto';
import { optionPath, refuseOption } from './options/index.js';

/** A key that encrypts or authenticates data: 32 bytes, or the base64url text of 32 bytes (43 characters). */
export type SecretKey = Uint8Array | string;

const KEY_BYTES = 32;

const HOW_TO_MAKE_ONE = `make one with: node -p "crypto.randomBytes(32).toString('base64url')"`;

/**
 * Reads secret keys and keeps their order.
 *
 * @param path names the option or the environment variable in errors; no message ever holds a key or a part of one
 * @throws ConfigurationError if there is none, one is not 32 bytes, or one is given twice
 */
export function readSecretKeys(keys: readonly SecretKey[], path: string): readonly Buffer[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    refuseOption(path, keys, `give a list of keys of 32 bytes, the newest first; ${HOW_TO_MAKE_ONE}`, { secret: true });
  }
  const read = keys.map((key, index) => readKey(key, optionPath(path, index)));
  if (new Set(read.map((key) => createHash('sha256').update(key).digest('hex'))).size !== read.length) {
    refuseOption(path, keys, 'it holds the same key twice; give each once, the newest first', { secret: true });
  }
  return read;
}

function readKey(key: unknown, path: string): Buffer {
  // A copy: the caller may clear its buffer afterwards.
  if (key instanceof Uint8Array) return requireLength(Buffer.from(key), key, path);
  if (typeof key !== 'string')
    refuseOption(path, key, `give 32 bytes or their base64url text; ${HOW_TO_MAKE_ONE}`, { secret: true });
  const bytes = Buffer.from(key, 'base64url');
  // Node skips characters that are not base64url; without this check a mistyped key would silently become another key.
  if (bytes.toString('base64url') !== key) {
    refuseOption(path, key, `it is not base64url text without padding; ${HOW_TO_MAKE_ONE}`, { secret: true });
  }
  return requireLength(bytes, key, path);
}

function requireLength(bytes: Buffer, key: SecretKey, path: string): Buffer {
  if (bytes.length === KEY_BYTES) return bytes;
  refuseOption(path, key, `it has ${bytes.length} bytes, and a key has exactly ${KEY_BYTES}; ${HOW_TO_MAKE_ONE}`, {
    secret: true,
  });
}
