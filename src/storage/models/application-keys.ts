import { refuseOption } from '../../core/options/index.js';
import type { ClientType } from './client-type.js';

/** A JWK Set (RFC 7517 §5) of public keys. */
export interface PublicKeySet {
  /** The keys, each a JWK (RFC 7517 §4). */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** The keys that an application is registered with. */
export interface ApplicationKeys {
  /** Its public keys (RFC 7517 §5): it then authenticates by `private_key_jwt` and gets no secret. */
  readonly jwks?: PublicKeySet | null | undefined;
  /** The https URL of its public keys; instead of `jwks`. */
  readonly jwksUri?: string | null | undefined;
}

/** The columns with the keys of an application; at most one is set. */
export interface KeyColumns {
  jwks: string | null;
  jwksUri: string | null;
}

/** The members that a public key must and must not have, by its type (RFC 7518 §6, RFC 8037 §2). */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ['n', 'e'],
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
};
const PRIVATE_MEMBERS: readonly string[] = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Fits into MySQL's TEXT, with room to spare; about twenty keys. */
const MAXIMUM_JWKS_LENGTH = 32_768;

/**
 * Checks the keys of an application and returns the columns.
 *
 * @throws ConfigurationError naming the option and the fix; a private key that was passed by mistake is not shown
 */
export function checkedKeys(application: ApplicationKeys, clientType: ClientType): KeyColumns {
  const jwks = application.jwks ?? undefined;
  const jwksUri = application.jwksUri ?? undefined;
  if (jwks === undefined && jwksUri === undefined) return { jwks: null, jwksUri: null };
  if (jwks !== undefined && jwksUri !== undefined) {
    refuseOption('application.jwksUri', jwksUri, 'application.jwks is given too; give one of the two');
  }
  if (clientType === 'public') {
    const [path, value] = jwks === undefined ? ['application.jwksUri', jwksUri] : ['application.jwks', jwks];
    refuseOption(path as string, value, 'it is for a confidential application; omit it');
  }
  return {
    jwks: jwks === undefined ? null : checkedKeySet(jwks),
    jwksUri: jwksUri === undefined ? null : checkedKeySetUri(jwksUri),
  };
}

function checkedKeySet(jwks: unknown): string {
  const keys = (jwks as { readonly keys?: unknown }).keys;
  if (!Array.isArray(keys) || keys.length === 0) {
    refuseOption('application.jwks', jwks, 'it is not a JWK Set; use { keys: [...] } with at least one public key');
  }
  keys.forEach((key: unknown, index) => {
    const problem = keyProblem(key);
    if (problem !== undefined) refuseOption(`application.jwks.keys[${index}]`, key, problem);
  });
  const text = JSON.stringify({ keys });
  if (text.length > MAXIMUM_JWKS_LENGTH) {
    const fix = `it has ${text.length} characters, and at most ${MAXIMUM_JWKS_LENGTH} can be stored; use jwksUri`;
    refuseOption('application.jwks', jwks, fix);
  }
  return text;
}

function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'object' || key === null) return 'it is not a key; use an object (RFC 7517 §4)';
  const members = key as Readonly<Record<string, unknown>>;
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(members, name))) {
    return 'it is a private or symmetric key; give only public keys, and generate a new key, since this one has been exposed';
  }
  const { kty } = members;
  const needed = typeof kty === 'string' && Object.hasOwn(PUBLIC_MEMBERS, kty) ? PUBLIC_MEMBERS[kty] : undefined;
  if (needed === undefined) return `it has another kty than ${Object.keys(PUBLIC_MEMBERS).join(', ')}`;
  const missing = needed.filter((name) => typeof members[name] !== 'string' || members[name] === '');
  return missing.length === 0 ? undefined : `it lacks ${missing.join(', ')} (RFC 7518 §6)`;
}

function checkedKeySetUri(uri: unknown): string {
  const usable =
    typeof uri === 'string' &&
    uri.length <= 2_000 &&
    /^https:\/\/[\x21-\x7e]+$/.test(uri) &&
    URL.canParse(uri) &&
    !uri.includes('#') &&
    new URL(uri).username === '';
  if (usable) return uri;
  refuseOption('application.jwksUri', uri, 'use an https URI without fragment and user');
}
