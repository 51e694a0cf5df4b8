import { createHmac } from 'node:crypto';
import { sha256 } from '../../../core/digest.js';
import type { OpaqueTokens } from '../../../core/opaque-tokens/index.js';
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
    private readonly opaqueTokens: OpaqueTokens,
  ) {
    this.keys = sealer.deriveKeys('refresh successor');
  }

  newSalt(): string {
    return this.random(16).toString('base64url');
  }

  /** The value under the newest key: 256 bits, in the form of every other token. */
  make(presented: string, salt: string): string {
    return this.opaqueTokens.token(successorOf(this.keys[0] as Buffer, presented, salt));
  }

  /** The digests that the value may have. */
  digests(presented: string, salt: string): readonly Buffer[] {
    return this.values(presented, salt).map(sha256);
  }

  /** The value with this digest. */
  recall(presented: string, salt: string, digest: Buffer): string | undefined {
    return this.values(presented, salt).find((value) => sha256(value).equals(digest));
  }

  /** The values under each key, and in each form that another process may have given them. */
  private values(presented: string, salt: string): readonly string[] {
    return this.keys.flatMap((key) => this.opaqueTokens.tokensOf(successorOf(key, presented, salt)));
  }
}

function successorOf(key: Buffer, presented: string, salt: string): string {
  return createHmac('sha256', key).update(`${salt}.${presented}`).digest('base64url');
}
