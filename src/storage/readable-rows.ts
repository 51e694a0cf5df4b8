import type { Knex } from 'knex';
import { isUserId } from './ids.js';
import { AccessToken } from './models/access-token.js';
import { Application } from './models/application.js';
import { LIFETIME_NAMES, longestLifetimeSeconds } from './models/application-lifetimes.js';
import { AuthorizationCode } from './models/authorization-code.js';
import { DeviceCode } from './models/device-code.js';
import { PROTOCOL_FLAGS } from './models/protocol-metadata.js';
import { RefreshToken } from './models/refresh-token.js';
import { REGISTRARS } from './models/registrar.js';
import { ServerRecord } from './models/server-record.js';
import type { StoredModel } from './models/stored-model.js';

/** Whether a value is what its column is for. */
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTime: Check = (value) => Number.isFinite(value);
const isId: Check = (value) => Number.isSafeInteger(value);
const isDigest: Check = (value) => value instanceof Uint8Array && value.length === 32;
const isFlag: Check = (value) => typeof value === 'boolean';
const isFamily: Check = (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{22}$/.test(value);
const isSeconds: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const oneOf =
  (...choices: readonly string[]): Check =>
  (value) =>
    choices.includes(value as string);
/** A column that may be empty, or that an older row or a table of the host does not have. */
const orNothing =
  (check: Check): Check =>
  (value) =>
    value === null || value === undefined || check(value);

function isKeySet(value: unknown): boolean {
  try {
    const { keys } = JSON.parse(value as string);
    return Array.isArray(keys) && keys.every((key: unknown) => typeof key === 'object' && key !== null);
  } catch {
    return false;
  }
}

const withEach = (names: readonly string[], check: Check) => Object.fromEntries(names.map((name) => [name, check]));

type Checks = Readonly<Record<string, Check>>;

const OF_APPLICATIONS: Checks = {
  ...withEach(['clientId', 'name', 'grantTypes', 'redirectUris'], isText),
  clientType: oneOf('confidential', 'public'),
  ...withEach(['clientSecretHash', 'previousClientSecretHash'], orNothing(isDigest)),
  ...withEach(
    [
      ...['clientSecretImported', 'previousClientSecretImported', 'postLogoutRedirectUris', 'allowedOrigins'],
      ...['jwksUri', 'scope', 'approvedScope', 'approvedGrantTypes', 'idTokenSignedResponseAlg'],
      ...['tokenEndpointAuthMethod', 'tokenEndpointAuthSigningAlg'],
    ],
    orNothing(isText),
  ),
  jwks: orNothing((value) => isText(value) && isKeySet(value)),
  userId: orNothing(isUserId),
  registeredBy: orNothing(oneOf(...REGISTRARS)),
  ...withEach(['skipAuthorization', 'mayIntrospect', ...PROTOCOL_FLAGS], orNothing(isFlag)),
  ...Object.fromEntries(
    LIFETIME_NAMES.map((name) => [
      name,
      orNothing((value) => isSeconds(value) && value !== 0 && (value as number) <= longestLifetimeSeconds(name)),
    ]),
  ),
  defaultMaxAgeSeconds: orNothing(isSeconds),
  ...withEach(
    [
      ...['previousSecretExpiresAtMilliseconds', 'trustClearedAtMilliseconds', 'metadataExpiresAtMilliseconds'],
      'disabledAtMilliseconds',
    ],
    orNothing(isTime),
  ),
  ...withEach(['createdAtMilliseconds', 'updatedAtMilliseconds'], isTime),
};

const OF_TOKENS: Checks = {
  tokenHash: isDigest,
  applicationId: orNothing(isId),
  userId: orNothing(isUserId),
  scope: isText,
  audience: orNothing(isText),
  familyId: orNothing(isFamily),
  ...withEach(['createdAtMilliseconds', 'expiresAtMilliseconds'], isTime),
  revokedAtMilliseconds: orNothing(isTime),
  payload: orNothing(isText),
};

const OF_REFRESH_TOKENS: Checks = {
  ...OF_TOKENS,
  familyId: isFamily,
  accessTokenId: orNothing(isId),
  rotatedAtMilliseconds: orNothing(isTime),
  familyExpiresAtMilliseconds: isTime,
  successorSalt: orNothing(isText),
};

const OF_CODES: Checks = {
  applicationId: isId,
  scope: isText,
  ...withEach(['createdAtMilliseconds', 'expiresAtMilliseconds'], isTime),
  consumedAtMilliseconds: orNothing(isTime),
  payload: orNothing(isText),
};

const OF_AUTHORIZATION_CODES: Checks = {
  ...OF_CODES,
  codeHash: isDigest,
  userId: isUserId,
  familyId: isFamily,
  ...withEach(['redirectUri', 'codeChallenge'], orNothing(isText)),
};

const OF_DEVICE_CODES: Checks = {
  ...OF_CODES,
  ...withEach(['deviceCodeHash', 'userCodeHash'], isDigest),
  userId: orNothing(isUserId),
  familyId: orNothing(isFamily),
  ...withEach(['claimedAtMilliseconds', 'decidedAtMilliseconds'], orNothing(isTime)),
};

const OF_RECORDS: Checks = {
  kind: isText,
  recordHash: isDigest,
  uidHash: orNothing(isDigest),
  applicationId: orNothing(isId),
  userId: orNothing(isUserId),
  familyId: orNothing(isFamily),
  ...withEach(['createdAtMilliseconds', 'updatedAtMilliseconds'], isTime),
  ...withEach(
    ['expiresAtMilliseconds', 'consumedAtMilliseconds', 'revokedAtMilliseconds', 'begunAtMilliseconds'],
    orNothing(isTime),
  ),
  ...withEach(['browser', 'address', 'payload'], orNothing(isText)),
};

const CHECKS: readonly (readonly [model: typeof StoredModel, checks: readonly (readonly [string, Check])[]])[] = [
  [Application, Object.entries(OF_APPLICATIONS)],
  [AccessToken, Object.entries(OF_TOKENS)],
  [RefreshToken, Object.entries(OF_REFRESH_TOKENS)],
  [AuthorizationCode, Object.entries(OF_AUTHORIZATION_CODES)],
  [DeviceCode, Object.entries(OF_DEVICE_CODES)],
  [ServerRecord, Object.entries(OF_RECORDS)],
];

/** A row that holds what its columns are not for. It says which, and never what they hold. */
export interface UnreadableRow {
  readonly table: string;
  readonly id: number;
  readonly columns: readonly string[];
}

const reports = new WeakMap<Knex, (row: UnreadableRow) => void>();

/** Calls a function for each row of a database that is read and cannot be understood. */
export function onUnreadableRows(knex: Knex, report: (row: UnreadableRow) => void): void {
  reports.set(knex, report);
}

/**
 * Whether a whole row holds what its columns are for. SQLite stores values of any type in any column, other databases what
 * somebody wrote there by hand. Nobody knows what such a row was to say, so it is reported, and counts as not there.
 */
export function isReadable(row: StoredModel): boolean {
  const checks = CHECKS.find(([model]) => row instanceof model)?.[1] ?? [];
  const values = row as unknown as Readonly<Record<string, unknown>>;
  if (checks.every(([name, check]) => check(values[name]))) return true;
  const model = row.constructor as typeof StoredModel;
  reports.get(model.knex())?.({
    table: model.tableName,
    id: row.id,
    columns: checks
      .filter(([name, check]) => !check(values[name]))
      .map(([name]) => model.propertyNameToColumnName(name)),
  });
  return false;
}

/** The same row, if it can be understood. */
export function readable<Row extends StoredModel>(row: Row | undefined): Row | undefined {
  return row !== undefined && isReadable(row) ? row : undefined;
}

/**
 * A page of rows that can be understood, newest first: those that cannot are passed over, so that they do not end a list.
 *
 * @param read the rows before an id, newest first, at most so many
 */
export async function readablePage<Row extends StoredModel>(
  { limit, beforeId }: { readonly limit: number; readonly beforeId?: number | undefined },
  read: (page: { readonly limit: number; readonly beforeId: number | undefined }) => PromiseLike<Row[]>,
): Promise<Row[]> {
  const found: Row[] = [];
  for (let before = beforeId; ; ) {
    const rows = await read({ limit, beforeId: before });
    found.push(...rows.filter(isReadable));
    if (rows.length < limit || found.length >= limit) return found.slice(0, limit);
    before = rows.at(-1)?.id;
  }
}
