import type { Knex } from 'knex';
import { systemClock } from '../core/clock.js';
import type { StoredTokenCheck } from '../core/opaque-tokens/index.js';
import type { SharedIdentity } from '../core/shared-identity.js';
import { systemRandomBytes } from '../core/token-value.js';
import { errorCode, isDuplicate, isNoTable, orUnavailable, retryContention } from './database-errors.js';
import { IDENTITY_TABLE } from './migrations/0004-database-identity.js';
import { isMissingRight, missingRight } from './migrations/missing-right.js';
import type { TableNames } from './tables.js';

/** There is one row. */
const ROW_ID = 1;

/**
 * Reads the identity of the database; `undefined` if it has none yet, because it is not migrated far enough.
 *
 * @throws Error if it is not in order
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function readDatabaseIdentity(knex: Knex): Promise<SharedIdentity | undefined> {
  return orUnavailable(async () => {
    try {
      // One-word aliases, because the host's knex may rename the columns of results.
      const row: { readonly id: unknown; readonly key: unknown } | undefined = await knex(IDENTITY_TABLE)
        .select({ id: 'identity', key: 'mac_key' })
        .where('id', ROW_ID)
        .first();
      return row === undefined ? undefined : { id: checkedIdentity(row.id), macKey: checkedKey(row.key) };
    } catch (error) {
      if (isNoTable(error)) return undefined;
      throw error;
    }
  });
}

/**
 * Reads what the check characters of tokens are made with; `undefined` if the database is not migrated far enough.
 *
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function readTokenCheck(knex: Knex): Promise<StoredTokenCheck | undefined> {
  return orUnavailable(async () => {
    try {
      const row: { readonly key: unknown; readonly since: unknown } | undefined = await knex(IDENTITY_TABLE)
        .select({ key: 'mac_key', since: 'checked_since_ms' })
        .where('id', ROW_ID)
        .first();
      return row === undefined ? undefined : { secret: checkedKey(row.key), coversAll: row.since !== null };
    } catch (error) {
      if (isNoTable(error) || isNoColumn(error)) return undefined;
      throw error;
    }
  });
}

/** @throws Error if it was overwritten; it does not say by what */
function checkedIdentity(stored: unknown): string {
  if (typeof stored === 'string' && /^[\w-]{1,22}$/.test(stored)) return stored;
  throw new Error('its column identity has not the form of one');
}

/** @throws Error if it was overwritten: a shorter key could be guessed */
function checkedKey(stored: unknown): Buffer {
  if (stored instanceof Uint8Array && stored.length === 32) return Buffer.from(stored);
  throw new Error('its column mac_key has not 32 bytes');
}

/** Whether the database has an identity. */
export async function hasDatabaseIdentity(knex: Knex): Promise<boolean> {
  return (await readDatabaseIdentity(knex)) !== undefined;
}

/** Gives the database an identity, unless it has one. One that is given now was never used before, so its tokens are all checked. */
export async function storeDatabaseIdentity(knex: Knex, { accessTokens, refreshTokens }: TableNames): Promise<void> {
  if (await knex(IDENTITY_TABLE).where('id', ROW_ID).first('id')) return;
  // Databases from before the identity may hold tokens: refresh tokens also when their access tokens are cleared.
  const isUsed = (await holdsRows(knex, accessTokens)) || (await holdsRows(knex, refreshTokens));
  const nowMilliseconds = systemClock.nowMilliseconds();
  try {
    await knex(IDENTITY_TABLE).insert({
      id: ROW_ID,
      identity: systemRandomBytes(16).toString('base64url'),
      mac_key: systemRandomBytes(32),
      created_at_ms: nowMilliseconds,
      checked_since_ms: isUsed ? null : nowMilliseconds,
    });
  } catch (error) {
    if (isDuplicate(error)) return;
    if (isMissingRight(error)) throw missingRight(error, `insert into ${IDENTITY_TABLE}`);
    // The errors of knex and the drivers contain the statement with its values, including the key.
    throw Object.assign(new Error(`Storing the database's identity failed (${errorCode(error) || 'no code'}).`), {
      code: errorCode(error),
    });
  }
}

async function holdsRows(knex: Knex, table: string): Promise<boolean> {
  return (await knex(table).first('id')) !== undefined;
}

/**
 * Records that there are tokens without check characters from now on, such as imported ones: processes that start later look
 * them up unless their options say otherwise.
 *
 * @throws TemporarilyUnavailableError if the database cannot answer
 */
export function admitUncheckedTokens(knex: Knex): Promise<void> {
  return retryContention(async () => {
    await knex(IDENTITY_TABLE).where('id', ROW_ID).whereNotNull('checked_since_ms').update({ checked_since_ms: null });
  });
}

/** Codes by which databases report a missing column. */
const NO_COLUMN_CODES = new Set(['ER_BAD_FIELD_ERROR', '42703']);

function isNoColumn(error: unknown): boolean {
  return NO_COLUMN_CODES.has(errorCode(error)) || /no such column/.test(String((error as Error).message));
}
