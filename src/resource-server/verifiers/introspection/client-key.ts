import { createPrivateKey, type JsonWebKey, KeyObject, webcrypto } from 'node:crypto';
import { choiceOption, refuseOption } from '../../../core/options/index.js';

/** A private key: a `KeyObject`, a JWK, or PEM text (PKCS #8, PKCS #1 or SEC 1). */
export type PrivateKey = KeyObject | JsonWebKey | string;

/** The algorithm that signs an assertion (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
export type AssertionAlgorithm = 'ES256' | 'ES384' | 'ES512' | 'RS256' | 'PS256' | 'EdDSA' | 'Ed25519';

type ImportParameters = webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | webcrypto.Algorithm;

const IMPORTED_AS: Readonly<Record<AssertionAlgorithm, ImportParameters>> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  ES512: { name: 'ECDSA', namedCurve: 'P-521' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
  Ed25519: { name: 'Ed25519' },
};

/** The algorithms for a key by its type, or by its curve if it has one; the default is first. */
const OF_KEYS: Readonly<Record<string, readonly AssertionAlgorithm[]>> = {
  rsa: ['RS256', 'PS256'],
  'rsa-pss': ['PS256'],
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
  ed25519: ['EdDSA', 'Ed25519'],
};

/** Servers refuse shorter ones (RFC 7518 §3.3). */
const SHORTEST_RSA_BITS = 2048;

const FIX =
  'give a private key for signing (EC P-256, P-384 or P-521, RSA from 2048 bits, or Ed25519) as PEM, JWK or KeyObject';

/** A key for assertions (RFC 7523 §2.2). */
export interface ClientKey {
  readonly algorithm: AssertionAlgorithm;
  /** The key for Web Crypto; it is not extractable. */
  imported(): Promise<webcrypto.CryptoKey>;
}

/**
 * Reads the key with which a client authenticates.
 *
 * @param path the name of the option in errors, which never contain a part of the key
 * @throws ConfigurationError if it is not a private key, or not one for the algorithm
 */
export function readClientKey(path: string, given: unknown, algorithmPath: string, algorithm: unknown): ClientKey {
  const key = privateKey(path, given);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const algorithms = OF_KEYS[curve ?? key.asymmetricKeyType ?? ''];
  const bits = key.asymmetricKeyDetails?.modulusLength ?? SHORTEST_RSA_BITS;
  if (algorithms === undefined || bits < SHORTEST_RSA_BITS) refuseOption(path, given, FIX, { secret: true });
  const chosen = algorithm === undefined ? algorithms[0] : choiceOption(algorithmPath, algorithm, algorithms);
  return {
    algorithm: chosen as AssertionAlgorithm,
    imported: () => {
      const der = key.export({ format: 'der', type: 'pkcs8' });
      return webcrypto.subtle.importKey('pkcs8', der, IMPORTED_AS[chosen as AssertionAlgorithm], false, ['sign']);
    },
  };
}

function privateKey(path: string, given: unknown): KeyObject {
  try {
    const key =
      given instanceof KeyObject
        ? given
        : typeof given === 'string'
          ? createPrivateKey(given)
          : createPrivateKey({ key: given as JsonWebKey, format: 'jwk' });
    if (key.type === 'private') return key;
  } catch {
    // The message of the cause may contain the given value.
  }
  refuseOption(path, given, FIX, { secret: true });
}
