/**
 * The signature algorithms for JWTs that can be allowed (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2): only asymmetric
 * ones. With a shared secret, everyone who can verify could also sign, and `none` is no signature (RFC 8725 §3.1,
 * §3.2).
 */
export const ASYMMETRIC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'Ed25519',
  'EdDSA',
] as const;

/** The name of a signature algorithm, as in `alg`. */
export type JwtAlgorithm = (typeof ASYMMETRIC_ALGORITHMS)[number];

/** The algorithms that issuers use in practice; RFC 9068 §2.1 requires RS256. */
export const DEFAULT_ALGORITHMS: readonly JwtAlgorithm[] = ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'];

/** Whether a value names an algorithm that can be allowed. */
export function isAsymmetricAlgorithm(value: unknown): value is JwtAlgorithm {
  return (ASYMMETRIC_ALGORITHMS as readonly unknown[]).includes(value);
}
