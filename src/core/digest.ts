import { hash, timingSafeEqual } from 'node:crypto';

/**
 * The SHA-256 digest of a token, code or secret, as it is stored: 32 bytes.
 *
 * A plain digest is enough: its inputs contain 256 random bits and cannot be guessed.
 */
export function sha256(value: string): Buffer {
  return hash('sha256', value, 'buffer');
}

/** The SHA-256 digest of a token as a cache key: base64url, 43 characters. */
export function sha256Key(value: string): string {
  return hash('sha256', value, 'base64url');
}

/** The cache key for a digest that was read from the database. */
export function keyOfDigest(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('base64url');
}

/** Compares two strings in constant time. */
export function equalInConstantTime(left: string, right: string): boolean {
  return timingSafeEqual(sha256(left), sha256(right));
}
