import type { JWTVerifyGetKey } from 'jose';
import { loadJose } from '../../jose.js';
import type { JwtAlgorithm } from './jwt-algorithms.js';
import type { UnverifiedHeader } from './jwt-header.js';
import type { PublicJwk } from './key-set.js';

/** The payload if the signature is valid; `unknown key` if none of the keys matches the header. */
export type SignatureAnswer = Uint8Array | 'bad signature' | 'unknown key';

/** How many keys are tried if `kid` and `alg` do not identify one. */
const MAXIMUM_TRIES = 4;

/** Verifies signatures with the keys of one set. */
export class Signatures {
  private getKey: JWTVerifyGetKey | undefined;

  constructor(
    private readonly keys: readonly PublicJwk[],
    private readonly algorithms: readonly JwtAlgorithm[],
  ) {}

  /**
   * @param header the header of the token from `readHeader`. Only keys with its `kid`, and with the type, curve and
   *   `alg` that its `alg` requires, are tried (RFC 8725 §3.1)
   */
  async verify(token: string, header: UnverifiedHeader): Promise<SignatureAnswer> {
    const { createLocalJWKSet, compactVerify, errors } = await loadJose();
    this.getKey ??= createLocalJWKSet({ keys: this.keys.map((key) => ({ ...key })) });
    const options = { algorithms: [...this.algorithms] };
    try {
      return (await compactVerify(token, this.getKey, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return this.refusal(header);
      let tries = 0;
      for await (const key of error) {
        tries += 1;
        if (tries > MAXIMUM_TRIES) break;
        try {
          return (await compactVerify(token, key, options)).payload;
        } catch {
          // Another key may match.
        }
      }
      return this.refusal(header);
    }
  }

  /** A token without `kid` may be signed with a key that is not known yet. */
  private refusal({ kid }: UnverifiedHeader): SignatureAnswer {
    return kid === undefined ? 'unknown key' : 'bad signature';
  }
}
