import { type Claims, NO_CLAIMS } from '../../core/claims.js';
import { type Confirmation, confirmation, isThumbprint } from '../../core/confirmation.js';
import { type SerializableToken, type VerifiedToken, verifiedToken } from '../../core/verified-token.js';

/** A token in the shared level. */
export interface StoredToken {
  readonly token: VerifiedToken;
  /** When the look-up that found it began, in milliseconds since the Unix epoch. */
  readonly foundAtMilliseconds: number;
  /** The number of the last mark that had been received before it; see `InvalidationMarks`. */
  readonly generation: number;
  /** For how long it may be kept, if its verifier set a time; see `ActiveVerification`. */
  readonly keepMilliseconds?: number | undefined;
}

/**
 * Increased with every change of the format, so that different versions do not misread each other. It is part of the name
 * of an entry's field, so that both versions keep their entries, and of the entry.
 */
export const STORED_TOKEN_VERSION = 3;

/** A longer entry is not shared; each process has the token verified itself. Typical entries have 300 to 2,000 characters. */
export const LONGEST_STORED_TOKEN = 16_384;

/** Writes a token as JSON: its SHA-256, but never the token. `undefined` if the entry would be too long to be shared. */
export function writeStoredToken({
  token,
  foundAtMilliseconds,
  generation,
  keepMilliseconds,
}: StoredToken): string | undefined {
  const plain: SerializableToken = {
    key: token.key,
    id: token.id,
    issuer: token.issuer,
    subject: token.subject,
    clientId: token.clientId,
    applicationName: token.applicationName,
    userId: token.userId,
    scopes: token.scopes,
    audience: token.audience,
    issuedAtMilliseconds: token.issuedAtMilliseconds,
    expiresAtMilliseconds: token.expiresAtMilliseconds,
    acr: token.acr,
    authenticatedAtMilliseconds: token.authenticatedAtMilliseconds,
    amr: token.amr,
    confirmation: token.confirmation,
    // Most have none.
    claims: (token.claims === NO_CLAIMS ? undefined : token.claims) as Claims,
  };
  const version = STORED_TOKEN_VERSION;
  const text = written({ version, foundAtMilliseconds, generation, keepMilliseconds, token: plain });
  return text === undefined || text.length > LONGEST_STORED_TOKEN ? undefined : text;
}

/** Claims that are nested very deeply cannot be written. */
function written(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

/**
 * Parses what `writeStoredToken` wrote for this key. `undefined` for anything else: Redis may contain values of other
 * programs, and only a value in exactly the right format may authenticate a request.
 */
export function readStoredToken(text: string, key: string): StoredToken | undefined {
  const value = parsed(text);
  if (!isRecord(value) || value.version !== STORED_TOKEN_VERSION) return undefined;
  const { foundAtMilliseconds, generation, keepMilliseconds } = value;
  if (!isNumber(foundAtMilliseconds) || !isNumber(generation) || !isOptionalNumber(keepMilliseconds)) return undefined;
  const token = readToken(value.token, key);
  return token === undefined ? undefined : { foundAtMilliseconds, generation, keepMilliseconds, token };
}

function readToken(value: unknown, key: string): VerifiedToken | undefined {
  if (!isRecord(value) || value.key !== key) return undefined;
  const { id, issuer, subject, clientId, applicationName, userId, scopes, audience } = value;
  const { issuedAtMilliseconds, expiresAtMilliseconds, acr, authenticatedAtMilliseconds, amr, claims } = value;
  if (!isNumber(issuedAtMilliseconds) || !isNumber(expiresAtMilliseconds)) return undefined;
  if (!isOptionalNumber(id) || !isOptionalNumber(authenticatedAtMilliseconds)) return undefined;
  if (!isOptionalString(clientId) || !isOptionalString(applicationName) || !isOptionalString(userId)) return undefined;
  if (!isOptionalString(issuer) || !isOptionalString(subject) || !isOptionalString(acr)) return undefined;
  if (!isStringList(scopes) || !isOptionalStringList(audience) || !isOptionalStringList(amr)) return undefined;
  if (!(claims === undefined || isRecord(claims))) return undefined;
  // Whose the subject is must be said, and what is bound is never read as unbound.
  if (subject !== undefined && issuer === undefined && userId === undefined) return undefined;
  const bound = readBound(value.confirmation);
  if (bound === 'unreadable') return undefined;
  return verifiedToken({
    key,
    id,
    issuer,
    subject,
    clientId,
    applicationName,
    userId,
    scopes,
    audience,
    issuedAtMilliseconds,
    expiresAtMilliseconds,
    acr,
    authenticatedAtMilliseconds,
    amr,
    confirmation: bound,
    claims: claims ?? NO_CLAIMS,
  });
}

function readBound(value: unknown): Confirmation | undefined | 'unreadable' {
  if (value === undefined) return undefined;
  if (!isRecord(value)) return 'unreadable';
  const { jkt, x5tS256 } = value;
  if (!(jkt === undefined || isThumbprint(jkt)) || !(x5tS256 === undefined || isThumbprint(x5tS256)))
    return 'unreadable';
  return confirmation(jkt, x5tS256) ?? 'unreadable';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptionalNumber(value: unknown): value is number | undefined {
  return value === undefined || isNumber(value);
}

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isOptionalStringList(value: unknown): value is string[] | undefined {
  return value === undefined || isStringList(value);
}
