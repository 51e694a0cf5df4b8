import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { type RandomBytes, systemRandomBytes } from '../../core/token-value.js';
import { type EncryptionKey, readEncryptionKeys } from './encryption-keys.js';

/**
 * Encrypts what cannot be stored as a digest because it must be read again: private signing keys, device codes,
 * interaction rows.
 */
export interface Sealer {
  /**
   * Seals a text under the newest key.
   *
   * @param context says what the text is and where it belongs, e.g. `signing-key:<kid>`. It is authenticated, not
   *   stored: a sealed value that was copied to another row or column does not open there.
   * @returns ASCII text, longer than the text's UTF-8 bytes by a third and 52 characters
   */
  seal(plain: string, context: string): string;

  /**
   * Opens what `seal` made, under whichever of the keys sealed it.
   *
   * @throws SealedValueError for everything else; it says nothing about what was wrong
   */
  open(sealed: string, context: string): string;

  /** Whether a sealed value is under the newest key; if not, it is worth sealing again. */
  isCurrent(sealed: string): boolean;

  /**
   * Keys of 32 bytes for another use, one of each encryption key, newest first: make new values with the first, accept
   * those of the others too. Another label gives keys that have nothing to do with these.
   */
  deriveKeys(label: string): Buffer[];
}

/** What a sealer may be told beside its keys. */
export interface SealerOptions {
  /** Names the keys in errors; default `encryptionKeys`. */
  readonly path?: string;
  readonly random?: RandomBytes;
}

/** A sealed value was changed, belongs elsewhere, or was sealed under a key that is not among the keys. */
export class SealedValueError extends Error {
  override readonly name = 'SealedValueError';
  readonly code = 'sealed_value';

  constructor() {
    super('A sealed value cannot be opened: it was changed, or sealed under an encryption key that is not given.');
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
 * Nonces are 96 random bits, which is safe for 2^32 values under one key (NIST SP 800-38D §8.3): at a hundred device
 * logins a second that is more than a year, so rotate the encryption key at least yearly.
 *
 * @param encryptionKeys newest first: the first seals, all of them open
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
      // One envelope for one value: base64url has spare bits at its end, which decoding ignores.
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
