/** The header of a JWT, before anything is verified. */
export interface UnverifiedHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Which headers are accepted. */
export interface HeaderRules {
  readonly algorithms: ReadonlySet<string>;
  /** `at+jwt`: only that (RFC 9068 §4). `JWT`: also what issuers write that have no type for access tokens. */
  readonly typ: 'at+jwt' | 'JWT';
  readonly maximumTokenLength: number;
}

/** Three non-empty parts of base64url (RFC 7515 §7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

/** The greatest length of a header, in characters; real ones are much shorter. */
const MAXIMUM_HEADER_LENGTH = 2_048;

/** Identifiers in real tokens are not longer. */
export const MAXIMUM_IDENTIFIER_LENGTH = 255;

/**
 * Reads the header of a token, and checks what can be checked without a key: length, form, `alg`, `typ`, `crit`. Keys
 * and their addresses in the header (`jwk`, `jku`, `x5c`, `x5u`) are never used: an attacker would supply their own.
 *
 * @returns `undefined` if the token cannot be valid
 */
export function readHeader(token: string, rules: HeaderRules): UnverifiedHeader | undefined {
  if (token.length > rules.maximumTokenLength) return undefined;
  const part = COMPACT.exec(token)?.[1];
  if (part === undefined || part.length > MAXIMUM_HEADER_LENGTH) return undefined;
  const header = parseJsonObject(part);
  if (header === undefined) return undefined;
  const { alg, typ, kid, crit } = header;
  if (typeof alg !== 'string' || !rules.algorithms.has(alg)) return undefined;
  // No extension is supported, so none may be critical (RFC 7515 §4.1.11).
  if (crit !== undefined || !isTypeAccepted(typ, rules.typ)) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAXIMUM_IDENTIFIER_LENGTH)) return undefined;
  return { alg, kid };
}

/** Media types are compared case-insensitively, and `application/` may be omitted (RFC 7515 §4.1.9). */
function isTypeAccepted(typ: unknown, rule: HeaderRules['typ']): boolean {
  if (typ === undefined) return rule === 'JWT';
  if (typeof typ !== 'string') return false;
  const type = typ.toLowerCase().replace(/^application\//, '');
  return type === 'at+jwt' || (rule === 'JWT' && type === 'jwt');
}

/** The JSON object in a part of a token. */
function parseJsonObject(base64url: string): Readonly<Record<string, unknown>> | undefined {
  return jsonObjectOf(Buffer.from(base64url, 'base64url'));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object in bytes that must be valid UTF-8 (RFC 7519 §7.2); not a list or a primitive. */
export function jsonObjectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
