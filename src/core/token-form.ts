import { MAXIMUM_TOKEN_LENGTH } from './token-value.js';

/** The two kinds of tokens by their form. */
export type TokenKind = 'opaque' | 'jwt';

/**
 * What a token says about itself; its verifier is chosen by it. Nothing of it is verified. Read once per token that is
 * not cached.
 */
export interface TokenForm {
  /** `jwt`: a JWS in compact form whose header and payload are JSON objects (RFC 7519 §3); all else is `opaque`. */
  readonly kind: TokenKind;
  /** The token itself. */
  readonly token: string;
  /** `iss` of the payload, if that is a string. */
  readonly issuer: string | undefined;
  /** `typ`, `alg` and `kid` of the header, as far as they are strings. */
  readonly typ: string | undefined;
  /** The algorithm that the header names; it is not verified. */
  readonly alg: string | undefined;
  /** The key that the header names; it is not verified. */
  readonly kid: string | undefined;
}

/** A header only describes the signature. */
const LONGEST_HEADER = 2048;

const DOT = '.';

/** Reads the form of a token; it never throws. */
export function formOf(token: string): TokenForm {
  const headerEnd = token.indexOf(DOT);
  if (headerEnd < 1 || headerEnd > LONGEST_HEADER || token.length > MAXIMUM_TOKEN_LENGTH) return opaque(token);
  const payloadEnd = token.indexOf(DOT, headerEnd + 1);
  // A token with five parts is a JWE, which only its addressee can read.
  if (payloadEnd === -1 || token.includes(DOT, payloadEnd + 1)) return opaque(token);
  const header = jsonObject(token.slice(0, headerEnd));
  if (header === undefined) return opaque(token);
  const payload = jsonObject(token.slice(headerEnd + 1, payloadEnd));
  if (payload === undefined) return opaque(token);
  return {
    kind: 'jwt',
    token,
    issuer: text(payload.iss),
    typ: text(header.typ),
    alg: text(header.alg),
    kid: text(header.kid),
  };
}

function opaque(token: string): TokenForm {
  return { kind: 'opaque', token, issuer: undefined, typ: undefined, alg: undefined, kid: undefined };
}

function jsonObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
