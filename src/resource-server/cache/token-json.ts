import { type SerializableToken, type VerifiedToken, verifiedToken } from '../../core/verified-token.js';

/** A token in the shared level. */
export interface StoredToken {
  readonly token: VerifiedToken;
  /** When the look-up that found it began, in milliseconds since the Unix epoch. */
  readonly foundAtMilliseconds: number;
  /** The number of the last mark that had been received before it; see `InvalidationMarks`. */
  readonly generation: number;
}

/** Increased with every change of the format, so that different versions do not misread each other. */
const VERSION = 2;

/** Writes a token as JSON. It contains the SHA-256 of the token, but never the token. */
export function writeStoredToken({ token, foundAtMilliseconds, generation }: StoredToken): string {
  const plain: SerializableToken = {
    key: token.key,
    id: token.id,
    clientId: token.clientId,
    applicationName: token.applicationName,
    userId: token.userId,
    scopes: token.scopes,
    audience: token.audience,
    issuedAtMilliseconds: token.issuedAtMilliseconds,
    expiresAtMilliseconds: token.expiresAtMilliseconds,
  };
  return JSON.stringify({ version: VERSION, foundAtMilliseconds, generation, token: plain });
}

/**
 * Parses what `writeStoredToken` wrote for this key. `undefined` for anything else: Redis may contain values of other
 * programs, and only a value in exactly the right format may authenticate a request.
 */
export function readStoredToken(text: string, key: string): StoredToken | undefined {
  const value = parsed(text);
  if (!isRecord(value) || value.version !== VERSION) return undefined;
  const { foundAtMilliseconds, generation, token } = value;
  if (!isNumber(foundAtMilliseconds) || !isNumber(generation) || !isRecord(token) || token.key !== key)
    return undefined;
  const { id, clientId, applicationName, userId, scopes, audience } = token;
  const { issuedAtMilliseconds, expiresAtMilliseconds } = token;
  if (!isNumber(issuedAtMilliseconds) || !isNumber(expiresAtMilliseconds)) return undefined;
  if (!(id === undefined || isNumber(id)) || !isStringList(scopes)) return undefined;
  if (!isOptionalString(clientId) || !isOptionalString(applicationName) || !isOptionalString(userId)) return undefined;
  if (!(audience === undefined || isStringList(audience))) return undefined;
  return {
    foundAtMilliseconds,
    generation,
    token: verifiedToken({
      key,
      id,
      clientId,
      applicationName,
      userId,
      scopes,
      audience,
      issuedAtMilliseconds,
      expiresAtMilliseconds,
    }),
  };
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

function isOptionalString(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
