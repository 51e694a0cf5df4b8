import { createHash, generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * The algorithms that there is a key for. RS256 is what every OpenID Connect client understands and the default of ID
 * tokens (OpenID Connect Core §15.1, OpenID Connect Registration §2). ES256 is for who asks for it: its signatures are
 * a quarter as long and made many times faster. An EdDSA key would be one that few clients can verify.
 */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256'] as const;

export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** A private JWK (RFC 7517) with what says how it is used. */
export type PrivateJwk = JsonWebKey & { readonly kid: string; readonly alg: string; readonly use: 'sig' };

const generate = promisify(generateKeyPair);

/** Makes a key pair; its `kid` is its thumbprint (RFC 7638), so that it is made from the key and never collides. */
export async function generateSigningKey(algorithm: SigningAlgorithm): Promise<PrivateJwk> {
  // RFC 7518 §3.3 asks for 2048 bits at least; more makes each signature several times slower.
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

/** The SHA-256 thumbprint of a key (RFC 7638 §3): of its required public members, in alphabetical order. */
export function thumbprint({ kty, n, e, crv, x, y }: JsonWebKey): string {
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
