import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { type EncryptionKey, readEncryptionKeys } from './encryption-keys.js';

/**
 * Encrypts data that cannot be stored as a digest because it must be read again: private signing keys, device codes,
 * interactions.
 */
export interface Sealer {
  /**
   * Encrypts a text under the newest key.
   *
   * @param context describes the text and its place, e.g. `signing-key:<kid>`. It is authenticated but not stored: a
   *   value that was copied to another row or column cannot be decrypted there.
   * @returns ASCII text, longer than the text's UTF-8 bytes by a third and 52 characters
   */
  seal(plain: string, context: string): string;

  /**
   * Decrypts a result of `seal`, with whichever key was used.
   *
   * @throws SealedValueError for everything else; it does not say what was wrong
   */
  open(sealed: string, context: string): string;

  /** Whether a value is encrypted under the newest key; if not, it should be encrypted again. */
  isCurrent(sealed: string): boolean;

  /**
   * Keys of 32 bytes for another purpose, one per encryption key, newest first: create values with the first, accept
   * those of all. Different labels give independent keys.
   */
  deriveKeys(label: string): Buffer[];
}

/** The options of a sealer. */
export interface SealerOptions {
  /** Names the keys in errors; default `encryptionKeys`. */
  readonly path?: string;
  readonly random?: RandomBytes;
}

/** The value was changed, belongs elsewhere, or was encrypted under an unknown key. */
export class SealedValueError extends Error {
  override readonly name = 'SealedValueError';
  readonly code = 'sealed_value';

  constructor() {
    super(
      'A stored value cannot be decrypted: it was changed, or encrypted under a key that is not in encryptionKeys.',
    );
  }
}

const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 6;

/** `v1.<key id>.<nonce, ciphertext and tag>`, the last two in base64url. */
const ENVELOPE = /^v1\.([A-Za-z0-9_-]{8})\.([A-Za-z0-9_-]{38,})$/;

/**
 * A sealer with AES-256-GCM under keys derived by HKDF-SHA256 (RFC 5869).
 *
 * Nonces are 96 random bits, which is safe for 2^32 values under one key (NIST SP 800-38D §8.3): with a hundred device
 * logins per second that is more than a year, so rotate the encryption key at least yearly.
 *
 * @param encryptionKeys newest first: the first encrypts, all of them decrypt
 * @throws ConfigurationError if a key is not 32 bytes, or given twice
 */
export function createSealer(encryptionKeys: readonly EncryptionKey[], options: SealerOptions = {}): Sealer {
  const masters = readEncryptionKeys(encryptionKeys, options.path ?? 'encryptionKeys');
  const random = options.random ?? systemRandomBytes;
  const keys = masters.map((master) => ({
    id: derive(master, 'key id', KEY_ID_BYTES).toString('base64url'),
    key: derive(master, 'seal', 32),
  }));
  const newest = keys[0] as (typeof keys)[number];

  return {
    seal(plain, context) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest.key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(additionalData(newest.id, context));
      const body = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${newest.id}.${body.toString('base64url')}`;
    },

    open(sealed, context) {
      const [, id = '', text = ''] = ENVELOPE.exec(sealed) ?? [];
      const body = Buffer.from(text, 'base64url');
      const key = keys.find((candidate) => candidate.id === id)?.key;
      // One encoding per value: base64url has spare bits at its end, which decoding ignores.
      if (key === undefined || body.toString('base64url') !== text) throw new SealedValueError();
      const tagStart = body.length - TAG_BYTES;
      try {
        const nonce = body.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(additionalData(id, context));
        decipher.setAuthTag(body.subarray(tagStart));
        const plain = Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, tagStart)), decipher.final()]);
        return plain.toString('utf8');
      } catch {
        throw new SealedValueError();
      }
    },

    isCurrent(sealed) {
      return sealed.startsWith(`${VERSION}.${newest.id}.`);
    },

    deriveKeys(label) {
      return masters.map((master) => derive(master, `label ${label}`, 32));
    },
  };
}

function additionalData(keyId: string, context: string): Buffer {
  return Buffer.from(`${VERSION}.${keyId}.${context}`, 'utf8');
}

function derive(master: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, '', `routing-controllers-oauth2 ${VERSION} ${purpose}`, bytes));
}
