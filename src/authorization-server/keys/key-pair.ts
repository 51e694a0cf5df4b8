import { createHash, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * The algorithms of signing keys. Every OpenID Connect client supports RS256, the default of ID tokens (OpenID Connect
 * Core §15.1, OpenID Connect Registration §2). ES256 is for applications that request it: its signatures are a quarter
 * as long and created many times faster. Few clients can verify EdDSA.
 */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256'] as const;

/** The algorithms that signing keys may have (RFC 7518 §3.1). */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** A private JWK (RFC 7517) with its usage. */
export type PrivateJwk = JsonWebKey & {
  /** The id of the key: its thumbprint (RFC 7638). */
  readonly kid: string;
  /** The algorithm, e.g. `RS256` (RFC 7518 §3.1). */
  readonly alg: string;
  /** What the key is for (RFC 7517 §4.2). */
  readonly use: 'sig';
};

const generate = promisify(generateKeyPair);

/** Generates a key pair. Its `kid` is its thumbprint (RFC 7638), which is unique. */
export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<PrivateJwk> {
  // RFC 7518 §3.3 requires at least 2048 bits; more makes signatures several times slower.
  const { privateKey } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength: 2048, publicExponent: 0x10001 })
      : await generate('ec', { namedCurve: 'P-256' });
  return privateJwk(privateKey, algorithm);
}

function privateJwk(key: KeyObject, alg: SigningAlgorithm): PrivateJwk {
  const jwk = key.export({ format: 'jwk' });
  return { ...jwk, kid: thumbprint(jwk), alg, use: 'sig' };
}

/** The SHA-256 thumbprint of a key (RFC 7638 §3), computed from its required public members in alphabetical order. */
export function thumbprint({ kty, n, e, crv, x, y }: JsonWebKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
