/** What a JWT says of itself before anything of it is proven. */
export interface UnverifiedHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** Which headers are accepted. */
export interface HeaderRules {
  readonly algorithms: ReadonlySet<string>;
  /** `at+jwt`: that alone (RFC 9068 §4). `JWT`: also what issuers write that have no type for access tokens. */
  readonly typ: 'at+jwt' | 'JWT';
  readonly maximumTokenLength: number;
}

/** Three parts of base64url, none empty (RFC 7515 §7.1). */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;

/** What a header can hold at most, in characters; with 8 KiB of claims behind it, it would be absurd before. */
const MAXIMUM_HEADER_LENGTH = 2_048;

/** No honest identifier in a token is longer. */
export const MAXIMUM_IDENTIFIER_LENGTH = 255;

/**
 * Reads the header of a token, and judges what can be judged without a key: length, form, `alg`, `typ`, `crit`. Keys and
 * addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: who forges a token brings his own.
 *
 * @returns `undefined` if the token cannot be good
 */
export function readHeader(token: string, rules: HeaderRules): UnverifiedHeader | undefined {
  if (token.length > rules.maximumTokenLength) return undefined;
  const part = COMPACT.exec(token)?.[1];
  if (part === undefined || part.length > MAXIMUM_HEADER_LENGTH) return undefined;
  const header = parseJsonObject(part);
  if (header === undefined) return undefined;
  const { alg, typ, kid, crit } = header;
  if (typeof alg !== 'string' || !rules.algorithms.has(alg)) return undefined;
  // No extension is understood here, and so none may be critical (RFC 7515 §4.1.11).
  if (crit !== undefined || !isTypeAccepted(typ, rules.typ)) return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAXIMUM_IDENTIFIER_LENGTH)) return undefined;
  return { alg, kid };
}

/** Media types are compared without case, and `application/` may be left out (RFC 7515 §4.1.9). */
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

/** The JSON object that bytes hold: UTF-8 to the letter (RFC 7519 §7.2), and no list or bare value. */
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
