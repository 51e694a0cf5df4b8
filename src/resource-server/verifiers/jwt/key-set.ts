import { isAsymmetricAlgorithm } from './jwt-algorithms.js';

/** The public part of a key (RFC 7517 §4), with the members that restrict its use. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly kid?: string;
  readonly alg?: string;
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

/** The keys of a set with which signatures may be verified. */
export interface ReadKeySet {
  readonly keys: readonly PublicJwk[];
  /** The problems of keys that are meant for signatures, each problem once. */
  readonly problems: readonly string[];
}

/** More keys than any issuer has; each may cost a verification. */
export const MAXIMUM_KEYS = 100;

/** RFC 7518 §3.3 requires 2048 bits; above the upper bound a single verification takes milliseconds. */
const RSA_BITS = { least: 2048, most: 8192 } as const;

/** Coordinates of 32, 48 and 66 bytes (RFC 7518 §6.2.1.2), and keys of Ed25519 (RFC 8037 §2). */
const COORDINATE_CHARACTERS: Readonly<Record<string, number>> = { 'P-256': 43, 'P-384': 64, 'P-521': 88, Ed25519: 43 };

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Members of private and symmetric keys (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const;

/**
 * Reads a key set (RFC 7517 §5). Keys of another use, type or algorithm are left out. Weak keys, and those published
 * with their private part, are left out and reported as problems. A malformed or oversized set is refused as a whole.
 *
 * @returns `undefined` if it is not a key set, or has more than `MAXIMUM_KEYS`
 */
export function readKeySet(document: unknown): ReadKeySet | undefined {
  const { keys } = (document ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length > MAXIMUM_KEYS) return undefined;
  const usable: PublicJwk[] = [];
  const problems = new Set<string>();
  for (const key of keys as readonly unknown[]) {
    const read = readKey(key);
    if (typeof read === 'string') problems.add(read);
    else if (read !== undefined) usable.push(read);
  }
  return { keys: usable, problems: [...problems] };
}

/** The key; `undefined` if it has another purpose; a string that describes the problem if it is unusable. */
function readKey(key: unknown): PublicJwk | string | undefined {
  if (typeof key !== 'object' || key === null || Array.isArray(key)) return 'a key is not an object';
  const jwk = key as Readonly<Record<string, unknown>>;
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes('verify'))) return undefined;
  if (jwk.alg !== undefined && !isAsymmetricAlgorithm(jwk.alg)) return undefined;
  if (jwk.kid !== undefined && typeof jwk.kid !== 'string') return 'a key has a kid that is not a string';
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return 'a key is published with its private part';
  const named = { ...(jwk.kid !== undefined && { kid: jwk.kid }), ...(jwk.alg !== undefined && { alg: jwk.alg }) };
  return jwk.kty === 'RSA' ? readRsaKey(jwk, named) : readCurveKey(jwk, named);
}

type Named = Pick<PublicJwk, 'kid' | 'alg'>;

function readRsaKey({ n, e }: Readonly<Record<string, unknown>>, named: Named): PublicJwk | string {
  if (!isBase64url(n) || !isBase64url(e)) return 'an RSA key lacks a member';
  const bits = bitsOf(n);
  if (bits < RSA_BITS.least) return `an RSA key has fewer than ${RSA_BITS.least} bits`;
  if (bits > RSA_BITS.most) return `an RSA key has more than ${RSA_BITS.most} bits`;
  return { kty: 'RSA', n, e, ...named };
}

function readCurveKey(
  { kty, crv, x, y }: Readonly<Record<string, unknown>>,
  named: Named,
): PublicJwk | string | undefined {
  const characters = typeof crv === 'string' && Object.hasOwn(COORDINATE_CHARACTERS, crv) && COORDINATE_CHARACTERS[crv];
  if (characters === false || (kty === 'OKP') !== (crv === 'Ed25519') || (kty !== 'OKP' && kty !== 'EC'))
    return undefined;
  if (!isBase64url(x) || x.length !== characters) return 'a key lacks a coordinate';
  if (kty === 'OKP') return { kty, crv: crv as string, x, ...named };
  if (!isBase64url(y) || y.length !== characters) return 'a key lacks a coordinate';
  return { kty, crv: crv as string, x, y, ...named };
}

function isBase64url(value: unknown): value is string {
  return typeof value === 'string' && BASE64URL.test(value);
}

/** The number of bits, without leading zeros. */
function bitsOf(base64url: string): number {
  const bytes = Buffer.from(base64url, 'base64url');
  let start = 0;
  while (bytes[start] === 0) start += 1;
  const first = bytes[start];
  return first === undefined ? 0 : (bytes.length - start) * 8 - (Math.clz32(first) - 24);
}
