import { createHmac } from 'node:crypto';
import { sha256 } from '../../../core/digest.js';
import type { RandomBytes } from '../../../core/token-value.js';
import type { Sealer } from '../../keys/sealer.js';

/**
 * Derives the value of a refresh token's successor from the presented token, so that the same token returns the same
 * successor although only digests are stored.
 *
 * The value is an HMAC-SHA-256 of salt and token under one of the encryption keys. Predicting it requires all three:
 * the key (configuration), the salt (database) and the old token (client). Because of the salt, someone with a key and
 * an old token still cannot follow the family from one token to the next.
 */
export class Successors {
  private readonly keys: readonly Buffer[];

  constructor(
    sealer: Sealer,
    private readonly random: RandomBytes,
  ) {
    this.keys = sealer.deriveKeys('refresh successor');
  }

  newSalt(): string {
    return this.random(16).toString('base64url');
  }

  /** The value under the newest key: 256 bits as 43 base64url characters, like every other token. */
  make(presented: string, salt: string): string {
    return successorOf(this.keys[0] as Buffer, presented, salt);
  }

  /** The digests that the value may have, one per key. */
  digests(presented: string, salt: string): readonly Buffer[] {
    return this.keys.map((key) => sha256(successorOf(key, presented, salt)));
  }

  /** The value with this digest, under whichever key was used. */
  recall(presented: string, salt: string, digest: Buffer): string | undefined {
    return this.keys.map((key) => successorOf(key, presented, salt)).find((value) => sha256(value).equals(digest));
  }
}

function successorOf(key: Buffer, presented: string, salt: string): string {
  return createHmac('sha256', key).update(`${salt}.${presented}`).digest('base64url');
}
