import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Sqlite from 'better-sqlite3';
import { TemporarilyUnavailableError } from '../../../src/core/errors.js';
import { type ErrorKind, kindOfError } from '../../../src/storage/driver-errors/index.js';
import { openDatabase } from '../../../src/storage/index.js';
import { type DatabaseKind, databaseKinds } from '../../support/services.js';
import { type Fixture, newApplication, newToken, openFixture, storeToken } from './fixture.js';

/** The error that work ends with. */
async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('It succeeded.');
}

/** Makes the server refuse every insertion of a token with an error of its own, until `undo`. */
async function refuseInserts({ database }: Fixture, code: number | string): Promise<() => Promise<void>> {
  const { knex } = database;
  if (database.dialect === 'mysql') {
    await knex.raw(
      `CREATE TRIGGER refuse BEFORE INSERT ON oauth2_access_tokens FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${code}, MESSAGE_TEXT = 'refused with --read-only'`,
    );
    return async () => {
      await knex.raw('DROP TRIGGER refuse');
    };
  }
  await knex.raw(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused'' USING ERRCODE = ''${code}''; END'`,
  );
  await knex.raw('CREATE TRIGGER refuse BEFORE INSERT ON oauth2_access_tokens FOR EACH ROW EXECUTE FUNCTION refuse()');
  return async () => {
    await knex.raw('DROP FUNCTION refuse CASCADE');
  };
}

describe.each(databaseKinds())('[ALL-64] real errors on %s', (kind: DatabaseKind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  test('a duplicate, a reference to nothing, and mistakes are no outage, and stay as the driver has them', async () => {
    const { knex } = fixture.database;
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash });
    const expected: [ErrorKind, () => unknown][] = [
      ['duplicate', () => storeToken(fixture, { tokenHash: hash })],
      ['missing-reference', () => storeToken(fixture, { applicationId: 999_999 })],
      ['fault', () => knex('there_is_no_such_table').select()],
      ['fault', () => knex('oauth2_access_tokens').select('no_such_column')],
      ['fault', () => knex.raw('SELECT FROM WHERE')],
      ['fault', () => knex('oauth2_access_tokens').insert({ token_hash: null })],
    ];
    for (const [wanted, work] of expected) {
      const error = await errorOf(work);
      expect(error).not.toBeInstanceOf(TemporarilyUnavailableError);
      expect([kindOfError(error), wanted, error]).toEqual([wanted, wanted, error]);
    }
  });
});

describe.each(databaseKinds().filter((kind) => kind !== 'sqlite'))('[ALL-64] what the server of %s refuses', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  const codes: readonly (string | number)[] =
    kind === 'mariadb' ? [1290, 1836, 1021, 1114, 1205, 1461, 1969] : ['25006', '53100', '55P03', '57014'];

  test.each(codes)('with %s is an outage wherever it is stored', async (code) => {
    const application = await newApplication(fixture);
    const undo = await refuseInserts(fixture, code);
    try {
      const error = (await errorOf(() =>
        storeToken(fixture, { applicationId: application.id }),
      )) as TemporarilyUnavailableError;
      expect(error).toBeInstanceOf(TemporarilyUnavailableError);
      expect(error.details.detail).toMatch(/^The database cannot answer: refused/);
    } finally {
      await undo();
    }
    await storeToken(fixture, { applicationId: application.id });
  });

  test('with a wrong password, or for a database that is not there, is "refused"', async () => {
    const url = new URL(fixture.url);
    const client = kind === 'mariadb' ? 'mysql2' : 'pg';
    const address = { host: url.hostname, port: Number(url.port || (kind === 'mariadb' ? 3306 : 5432)) };
    const user = decodeURIComponent(url.username);
    for (const connection of [
      { ...address, user: 'oauth2_nobody', password: 'wrong', database: url.pathname.slice(1) },
      { ...address, user, password: decodeURIComponent(url.password), database: 'oauth2_there_is_none' },
    ]) {
      const { knex } = openDatabase({ client, connection });
      try {
        expect(kindOfError(await errorOf(() => knex.raw('SELECT 1')))).toBe('refused');
      } finally {
        await knex.destroy();
      }
    }
  });

  test('because a statement took too long is "timeout"', async () => {
    const { knex } = fixture.database;
    const slow =
      kind === 'mariadb'
        ? () => knex.raw('SET STATEMENT max_statement_time = 0.05 FOR SELECT SLEEP(5)')
        : () =>
            knex.transaction(async (transaction) => {
              await transaction.raw('SET LOCAL statement_timeout = 50');
              await transaction.raw('SELECT pg_sleep(5)');
            });
    expect(kindOfError(await errorOf(slow))).toBe('timeout');
  });
});

describe('[ALL-64] what SQLite refuses', () => {
  async function withFixture(work: (fixture: Fixture) => Promise<void>): Promise<void> {
    const fixture = await openFixture('sqlite');
    try {
      await work(fixture);
    } finally {
      await fixture.close();
    }
  }

  test('to write for want of rights is "read-only"', () =>
    withFixture(async (fixture) => {
      const file = fixture.url.slice('sqlite:'.length);
      const readonly = openDatabase({
        client: 'better-sqlite3',
        connection: { filename: file, options: { readonly: true } },
      });
      try {
        const error = await errorOf(() => readonly.knex('oauth2_access_tokens').delete());
        expect(kindOfError(error)).toBe('read-only');
      } finally {
        await readonly.knex.destroy();
      }
    }));

  test('to write for want of room is "full", and an outage where it is stored', () =>
    withFixture(async (fixture) => {
      await fixture.database.knex.raw('PRAGMA max_page_count = 1');
      const error = await errorOf(async () => {
        for (let more = 0; more < 200; more++) await storeToken(fixture, { scope: 'x'.repeat(500) });
      });
      expect(error).toBeInstanceOf(TemporarilyUnavailableError);
      expect(kindOfError((error as Error).cause)).toBe('full');
    }));

  test('because others write is "contention"', () =>
    withFixture(async (fixture) => {
      await fixture.database.knex.raw('PRAGMA busy_timeout = 0');
      const other = new Sqlite(fixture.url.slice('sqlite:'.length));
      try {
        other.exec('BEGIN IMMEDIATE');
        const error = await errorOf(() => fixture.database.knex('oauth2_access_tokens').delete());
        expect(kindOfError(error)).toBe('contention');
      } finally {
        other.close();
      }
    }));
});
