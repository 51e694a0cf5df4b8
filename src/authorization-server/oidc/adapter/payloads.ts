import type { AdapterPayload } from 'oidc-provider';
import { errors } from '../oidc-provider.js';
import { readMembers } from './payload-members.js';

/** Members of payloads that are stored in columns, and not repeated in the JSON. */
const COLUMNS: ReadonlySet<string> = new Set([
  'jti',
  'kind',
  'iat',
  'exp',
  'clientId',
  'accountId',
  'scope',
  'grantId',
]);

/** A payload without the members in columns, as JSON; `null` if nothing is left. */
export function restOf(payload: AdapterPayload, ...inColumns: readonly string[]): string | null {
  const rest = Object.entries(payload).filter(
    ([name, value]) => value !== undefined && !COLUMNS.has(name) && !inColumns.includes(name),
  );
  return rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest));
}

/**
 * A payload that was stored as JSON; `undefined` if it cannot be understood. It may have said anything then, such as that
 * the token is bound to a key.
 */
export function parsedPayload(json: string | null): AdapterPayload | undefined {
  if (json === null) return {};
  try {
    return readMembers(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/**
 * The columns that all tokens and codes have, as members of a payload; `undefined` if the rest of it cannot be understood.
 * What has a column is not taken from the rest.
 */
export function payloadOf(
  kind: string,
  id: string,
  row: {
    readonly userId: string | null;
    readonly scope: string;
    readonly familyId: string | null;
    readonly expiresAtMilliseconds: number;
    readonly createdAtMilliseconds: number;
    readonly payload: string | null;
  },
  clientId: string | undefined,
): AdapterPayload | undefined {
  const rest = parsedPayload(row.payload);
  if (rest === undefined) return undefined;
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => !COLUMNS.has(name))),
    kind,
    jti: id,
    iat: Math.floor(row.createdAtMilliseconds / 1000),
    exp: Math.floor(row.expiresAtMilliseconds / 1000),
    ...(clientId !== undefined && { clientId }),
    ...(row.userId !== null && { accountId: row.userId }),
    ...(row.scope !== '' && { scope: row.scope }),
    ...(row.familyId !== null && { grantId: row.familyId }),
  };
}

/** The member that says when it was used; oidc-provider takes none, and zero, for never. */
export function consumedAt(milliseconds: number | null): { readonly consumed?: number } {
  return milliseconds === null ? {} : { consumed: Math.max(1, Math.floor(milliseconds / 1000)) };
}

/** When a payload was created and when it expires, in milliseconds since the Unix epoch. */
export function timesOf(payload: AdapterPayload): {
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
} {
  const { iat, exp } = payload;
  if (typeof iat !== 'number' || typeof exp !== 'number') throw new TypeError('A payload lacks iat or exp.');
  return { createdAtMilliseconds: iat * 1000, expiresAtMilliseconds: exp * 1000 };
}

/** 16 random bytes in base64url: the width of the columns. */
const FAMILY_ID = /^[A-Za-z0-9_-]{22}$/;

/**
 * The identifier of a grant, which is also that of its family of tokens. It is not a credential: no endpoint accepts
 * it.
 *
 * @throws TypeError if it does not fit into the column
 */
export function familyIdOf(grantId: unknown): string {
  if (typeof grantId === 'string' && FAMILY_ID.test(grantId)) return grantId;
  throw new TypeError('The identifier of a grant is not base64url of 16 bytes.');
}

/** The audiences or resources of a payload (RFC 8707) as a list; `null`: none. */
export function listOf(value: unknown): readonly string[] | null {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) && value.length > 0 ? (value as string[]) : null;
}

/** The error for a request that lost a race, or was repeated (RFC 6749 §5.2). The detail is for the log. */
export function invalidGrant(detail: string): errors.InvalidGrant {
  return new errors.InvalidGrant(detail);
}
