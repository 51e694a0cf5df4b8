import { describe, expect, test } from '@jest/globals';
import { InvalidTokenError, TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  isConnectionError,
  isContention,
  retryContention,
  storageError,
} from '../../../src/storage/database-errors.js';

function driverError(properties: Record<string, unknown>): Error {
  return Object.assign(new Error(String(properties.message ?? 'x')), properties);
}

describe('errors of the drivers', () => {
  test.each([
    { code: 'ECONNREFUSED' },
    { code: 'EPIPE' },
    { code: 'PROTOCOL_CONNECTION_LOST', fatal: true },
    { fatal: true, message: "Can't add new command when connection is in closed state" },
    { code: '57P01' },
    { code: '08006' },
    { message: 'Connection terminated unexpectedly' },
    { name: 'KnexTimeoutError' },
    { code: 'SQLITE_CANTOPEN' },
    { code: 'SQLITE_IOERR_READ' },
    { nativeError: { code: 'ECONNRESET' } },
  ])('%p means that there is no connection', (properties) => {
    expect(isConnectionError(driverError(properties))).toBe(true);
    expect(storageError(driverError(properties))).toBeInstanceOf(TemporarilyUnavailableError);
  });

  test.each([
    { code: '28P01' },
    { code: '3D000' },
    { code: 'ER_OPTION_PREVENTS_STATEMENT', errno: 1290, sqlState: 'HY000', message: 'running with --read-only' },
    { code: 'ER_MAX_PREPARED_STMT_COUNT_REACHED', errno: 1461, sqlState: '42000' },
    { code: 'ER_RECORD_FILE_FULL', errno: 1114, sqlState: 'HY000' },
    { code: '25006' },
    { code: '53100' },
    { code: 'SQLITE_READONLY_DBMOVED' },
    { code: 'SQLITE_FULL' },
    { nativeError: { code: 'SQLITE_FULL' } },
  ])('%p means: try later', (properties) => {
    expect(storageError(driverError(properties))).toBeInstanceOf(TemporarilyUnavailableError);
  });

  test.each([
    { code: 'ER_LOCK_DEADLOCK' },
    { code: 'ER_LOCK_WAIT_TIMEOUT' },
    { code: '40P01' },
    { code: '40001' },
    { code: 'SQLITE_BUSY' },
    { code: 'SQLITE_BUSY_SNAPSHOT' },
    { nativeError: { code: 'ER_LOCK_DEADLOCK' } },
  ])('%p means that another writer was in the way', (properties) => {
    expect(isContention(driverError(properties))).toBe(true);
    expect(isConnectionError(driverError(properties))).toBe(false);
  });

  test.each([
    { code: 'ER_PARSE_ERROR' },
    { code: '42601' },
    { code: 'SQLITE_ERROR', message: 'near "selec": syntax error' },
    { code: 'ER_DUP_ENTRY' },
    { code: 'SQLITE_CONSTRAINT_UNIQUE' },
    { code: 5 },
    {},
  ])('%p is no outage and stays as it is', (properties) => {
    const error = driverError(properties);
    expect([isConnectionError(error), isContention(error)]).toEqual([false, false]);
    expect(storageError(error)).toBe(error);
  });

  test.each([
    { code: 'ER_NO_SUCH_TABLE', message: "Table 'shop.oauth2_access_tokens' doesn't exist" },
    { code: 'ER_BAD_FIELD_ERROR', message: "Unknown column 't.confirmation' in 'field list'" },
    { code: '42P01', message: 'relation "oauth2_access_tokens" does not exist' },
    { code: '42703', message: 'column t.confirmation does not exist' },
    { code: 'SQLITE_ERROR', message: 'no such table: oauth2_access_tokens' },
    { code: 'SQLITE_ERROR', message: 'no such column: t.confirmation' },
  ])('%p is a database that is not migrated: 503, and the log names the command', (properties) => {
    const error = storageError(driverError(properties)) as TemporarilyUnavailableError;
    expect([error.status, error.details.part]).toEqual([503, 'migrations']);
    expect(error.details.detail).toBe(
      `The database is not migrated (${properties.message}). Run npx rc-oauth2 migrate, or await oauth2.migrate() before the server listens.`,
    );
    expect(JSON.stringify(error)).not.toContain('migrate');
  });

  test('what is not an error, and errors of this package, stay as they are', () => {
    const refusal = new InvalidTokenError();
    for (const value of [undefined, null, 'x', refusal]) expect(storageError(value)).toBe(value);
  });

  test('the cause is kept for the log, and not shown', () => {
    const cause = driverError({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.5:3306' });
    const error = storageError(cause) as TemporarilyUnavailableError;
    expect(error.cause).toBe(cause);
    expect(error.details.detail).toContain('10.0.0.5');
    expect(JSON.stringify(error)).not.toContain('10.0.0.5');
  });

  test('the statement and its values are not part of the reason', () => {
    const message = "insert into `t` (`secret`) values ('a - b') - The table 't' is full";
    const error = storageError(driverError({ code: 'SQLITE_FULL', message })) as TemporarilyUnavailableError;
    expect(error.details.detail).toBe("The database cannot answer: The table 't' is full");
  });
});

describe('retryContention', () => {
  const deadlock = () => driverError({ code: 'ER_LOCK_DEADLOCK' });

  test('tries again while others are in the way', async () => {
    let tries = 0;
    const answer = await retryContention(async () => {
      if (++tries < 4) throw deadlock();
      return 'done';
    });
    expect([answer, tries]).toEqual(['done', 4]);
  });

  test('gives up at last, as an outage', async () => {
    let tries = 0;
    const work = retryContention(async () => {
      tries++;
      throw deadlock();
    });
    await expect(work).rejects.toThrow(TemporarilyUnavailableError);
    expect(tries).toBeGreaterThan(1);
    expect(tries).toBeLessThanOrEqual(8);
  });

  test('never repeats work after another error: it may have been done', async () => {
    for (const properties of [{ code: 'ECONNRESET' }, { code: 'ER_DUP_ENTRY' }]) {
      let tries = 0;
      const work = retryContention(async () => {
        tries++;
        throw driverError(properties);
      });
      await expect(work).rejects.toThrow();
      expect(tries).toBe(1);
    }
  });
});
