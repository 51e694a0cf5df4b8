import type { JWTVerifyGetKey } from 'jose';
import { loadJose } from '../../jose.js';
import type { JwtAlgorithm } from './jwt-algorithms.js';
import type { UnverifiedHeader } from './jwt-header.js';
import type { PublicJwk } from './key-set.js';

/** The payload if the signature is good; `unknown key` if none of the keys is the one that the header names. */
export type SignatureAnswer = Uint8Array | 'bad signature' | 'unknown key';

/** Of keys that are not told apart by `kid` and `alg`, so many are tried. */
const MAXIMUM_TRIES = 4;

/** Verifies signatures with the keys of one set. */
export class Signatures {
  private getKey: JWTVerifyGetKey | undefined;

  constructor(
    private readonly keys: readonly PublicJwk[],
    private readonly algorithms: readonly JwtAlgorithm[],
  ) {}

  /**
   * @param header the header of the token, as `readHeader` read it. Only keys of its `kid`, and of the type, curve and `alg` that
   * its `alg` demands, are tried (RFC 8725 §3.1)
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
          // The next one may be the one.
        }
      }
      return this.refusal(header);
    }
  }

  /** Who names no key may have signed with one that is not known yet. */
  private refusal({ kid }: UnverifiedHeader): SignatureAnswer {
    return kid === undefined ? 'unknown key' : 'bad signature';
  }
}
