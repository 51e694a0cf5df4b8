/** What the holder of a token must prove besides possession (RFC 7800 §3.1). At least one member is set. */
export interface Confirmation {
  /** The thumbprint of the key that signs DPoP proofs (RFC 9449 §6.1). */
  readonly jkt?: string;
  /** The SHA-256 of the client's certificate, base64url (RFC 8705 §3.1). */
  readonly x5tS256?: string;
}

/** A SHA-256 digest as base64url. */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads a `cnf` member, or the members of a stored token with the same names.
 *
 * @returns `undefined` if there is none; `unreadable` if it contains anything that cannot be checked here: such a token
 *   must be refused, because an unchecked binding is no binding
 */
export function readConfirmation(cnf: unknown): Confirmation | undefined | 'unreadable' {
  if (cnf === undefined || cnf === null) return undefined;
  if (typeof cnf !== 'object' || Array.isArray(cnf)) return 'unreadable';
  const names = Object.keys(cnf);
  const { jkt, 'x5t#S256': x5tS256 } = cnf as { readonly jkt?: unknown; readonly 'x5t#S256'?: unknown };
  const understood = names.length > 0 && names.every((name) => name === 'jkt' || name === 'x5t#S256');
  if (!understood || !isOptionalThumbprint(jkt) || !isOptionalThumbprint(x5tS256)) return 'unreadable';
  return confirmation(jkt, x5tS256);
}

/** The confirmation with these thumbprints, frozen; `undefined` for none. */
export function confirmation(jkt: string | undefined, x5tS256: string | undefined): Confirmation | undefined {
  if (jkt === undefined && x5tS256 === undefined) return undefined;
  return Object.freeze({ ...(jkt !== undefined && { jkt }), ...(x5tS256 !== undefined && { x5tS256 }) });
}

/** Whether a value is the SHA-256 thumbprint of a key or a certificate. */
export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && THUMBPRINT.test(value);
}

function isOptionalThumbprint(value: unknown): value is string | undefined {
  return value === undefined || isThumbprint(value);
}
