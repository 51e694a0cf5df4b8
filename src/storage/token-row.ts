import { type Confirmation, readConfirmation } from '../core/confirmation.js';
import { coveredByRevocation } from './covered-by-revocation.js';
import type { Dialect } from './database.js';
import { storedNumber } from './stored-number.js';
import type { TableNames } from './tables.js';

/** An access token as the hot path reads it: a plain value, with columns of the token and its application. */
export interface AccessTokenRow {
  readonly id: number;
  readonly applicationId: number | null;
  readonly clientId: string | null;
  readonly applicationName: string | null;
  readonly applicationDisabled: boolean;
  readonly userId: string | null;
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** The audience (RFC 8707); `undefined` if it names none. */
  readonly audience: readonly string[] | undefined;
  /**
   * The key or certificate that it is bound to (RFC 9449 §6, RFC 8705 §3), if it is bound; `unreadable` if that cannot be
   * said, and then it is good for nobody.
   */
  readonly confirmation: Confirmation | undefined | 'unreadable';
  /** The authentication context of the user (`acr`); `undefined` if the token does not say. */
  readonly acr: string | undefined;
  /** The methods of that authentication (`amr`); `undefined` if the token does not say. */
  readonly amr: readonly string[] | undefined;
  /** When the user was authenticated (`auth_time`); `undefined` if the token does not say. */
  readonly authenticatedAtMilliseconds: number | undefined;
  readonly createdAtMilliseconds: number;
  readonly expiresAtMilliseconds: number;
  readonly revokedAtMilliseconds: number | null;
  /** Whether a revocation of many tokens covers it, which its row may not say yet. */
  readonly coveredByRevocation: boolean;
}

/** The columns that are read, in the order in which `accessTokenRow` takes them. `t` is the token, `a` its application. */
export const ROW_COLUMNS = [
  't.id',
  't.application_id',
  'a.client_id',
  'a.name',
  'a.disabled_at_ms',
  't.user_id',
  't.scope',
  't.audience',
  't.payload',
  't.created_at_ms',
  't.expires_at_ms',
  't.revoked_at_ms',
] as const;

/** After the columns: whether a revocation covers the token, and then the server's time, if it is read. */
export const SERVER_TIME_INDEX = ROW_COLUMNS.length + 1;

/** Last of all, where the server's time is read: the digest in hexadecimal, which no driver turns into anything else. */
export const DIGEST_INDEX = SERVER_TIME_INDEX + 1;

/** The values of `ROW_COLUMNS` and those after them, as the driver returns them. */
export type RowValues = readonly unknown[];

/** The time of each server in milliseconds since the Unix epoch, independent of the session's time zone. */
const MYSQL_NOW = "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000";
const POSTGRES_NOW = 'CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)';

/** What a server adds to a row: its time, and the digest. */
const MYSQL_END = `, ${MYSQL_NOW}, HEX(t.token_hash)`;
const POSTGRES_END = `, ${POSTGRES_NOW}, encode(t.token_hash, 'hex')`;

/** The statement of the hot path, for one token or several. The names were checked by `completeTableNames`. */
export function rowStatement(tables: TableNames, dialect: Dialect, tokens = 1): string {
  const quote = dialect === 'postgres' ? '"' : '`';
  const quoted = (name: string) => `${quote}${name}${quote}`;
  const end = dialect === 'sqlite' ? '' : dialect === 'postgres' ? POSTGRES_END : MYSQL_END;
  const places = Array.from({ length: tokens }, (_, index) => (dialect === 'postgres' ? `$${index + 1}` : '?'));
  return (
    `SELECT ${ROW_COLUMNS.join(', ')}, ${coveredByRevocation(quote, 't')}${end} ` +
    `FROM ${quoted(tables.accessTokens)} t ` +
    `LEFT JOIN ${quoted(tables.applications)} a ON a.id = t.application_id ` +
    `WHERE t.token_hash ${tokens === 1 ? `= ${places[0]}` : `IN (${places.join(', ')})`}`
  );
}

/** Converts the driver's values to the plain value. */
export function accessTokenRow(values: RowValues): AccessTokenRow {
  const { confirmation, acr, amr, authenticatedAtMilliseconds } = payloadOf(values[8]);
  return {
    id: storedNumber(values[0]),
    applicationId: numberOrNull(values[1]),
    clientId: values[2] as string | null,
    applicationName: values[3] as string | null,
    applicationDisabled: values[4] !== null,
    userId: values[5] as string | null,
    scope: values[6] as string,
    audience: audienceOf(values[7]),
    confirmation,
    acr,
    amr,
    authenticatedAtMilliseconds,
    createdAtMilliseconds: storedNumber(values[9]),
    expiresAtMilliseconds: storedNumber(values[10]),
    revokedAtMilliseconds: numberOrNull(values[11]),
    // 0 or 1 on MySQL and SQLite, or a string if the host's driver returns numbers so.
    coveredByRevocation: values[12] === true || Number(values[12]) === 1,
  };
}

/**
 * Whether a row holds what its columns are for. SQLite stores values of any type in any column, other databases what
 * somebody wrote there by hand; such a token is good for nobody, and no reason to fail.
 */
export function isReadableRow(row: AccessTokenRow): boolean {
  return (
    Number.isSafeInteger(row.id) &&
    isTextOrNull(row.clientId) &&
    isTextOrNull(row.applicationName) &&
    isTextOrNull(row.userId) &&
    typeof row.scope === 'string' &&
    Number.isFinite(row.createdAtMilliseconds) &&
    Number.isFinite(row.expiresAtMilliseconds) &&
    // Its application is gone, and with it whoever could say that it is disabled.
    (row.applicationId === null || row.clientId !== null)
  );
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function numberOrNull(value: unknown): number | null {
  return value === null ? null : storedNumber(value);
}

function audienceOf(column: unknown): readonly string[] | undefined {
  if (column === null) return undefined;
  if (typeof column !== 'string') return [String(column)];
  const parsed = parseJson(column);
  if (Array.isArray(parsed) && parsed.every((entry) => typeof entry === 'string')) return parsed;
  // Anything else is a single audience: a token is never mistaken for one without an audience.
  return [typeof parsed === 'string' ? parsed : column];
}

type PayloadParts = Pick<AccessTokenRow, 'confirmation' | 'acr' | 'amr' | 'authenticatedAtMilliseconds'>;

const NO_PAYLOAD: PayloadParts = {
  confirmation: undefined,
  acr: undefined,
  amr: undefined,
  authenticatedAtMilliseconds: undefined,
};
/** What cannot be read may say anything. */
const UNREADABLE: PayloadParts = { ...NO_PAYLOAD, confirmation: 'unreadable' };

/** Reads the authorization server's JSON; in `extra` are the claims that a token has beside the usual ones. */
function payloadOf(column: unknown): PayloadParts {
  if (column === null) return NO_PAYLOAD;
  const parsed = typeof column === 'string' ? parseJson(column) : undefined;
  if (!isObject(parsed)) return UNREADABLE;
  const { acr, amr, auth_time: authTime } = isObject(parsed.extra) ? parsed.extra : {};
  return {
    confirmation: bindingOf(parsed),
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) && amr.every((method) => typeof method === 'string') ? amr : undefined,
    authenticatedAtMilliseconds: typeof authTime === 'number' ? authTime * 1000 : undefined,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What the JSON of a token says that it is bound to. oidc-provider keeps the members of `cnf` among the others; what was
 * imported may have them in `cnf`.
 */
export function bindingOf(payload: Readonly<Record<string, unknown>>): Confirmation | undefined | 'unreadable' {
  const { cnf, jkt, 'x5t#S256': x5tS256 } = payload;
  const ofMembers = isPresent(jkt) || isPresent(x5tS256);
  if (!ofMembers) return readConfirmation(cnf);
  if (isPresent(cnf)) return 'unreadable';
  return readConfirmation({ ...(isPresent(jkt) && { jkt }), ...(isPresent(x5tS256) && { 'x5t#S256': x5tS256 }) });
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
