import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2, type OAuth2 } from '../../../src/public/index.js';
import {
  assertMigrated,
  MIGRATIONS_TABLE,
  migrate,
  migrationStatus,
  rollback,
  rollbackLosses,
  SCHEMA_VERSION,
} from '../../../src/storage/index.js';
import { resultOf, runCli } from '../../support/cli/run-cli.js';
import {
  databaseKinds,
  type FreshDatabase,
  freshDatabase,
  freshKeyPrefix,
  redisUrl,
  removeKeys,
} from '../../support/services.js';

/** The migrations of the table for the identity. */
const IDENTITY = ['0004_database_identity', '0012_checked_tokens'];

/** This version plays the older one: the database has a migration 9999 of a version to come. */
describe.each(databaseKinds())('a newer schema on %s', (kind) => {
  let fresh: FreshDatabase;
  let oauth2: OAuth2;

  beforeEach(async () => {
    fresh = await freshDatabase(kind);
    oauth2 = createOAuth2({ database: fresh.url, logger: silentLogger });
    await oauth2.migrate();
  });

  afterEach(async () => {
    await oauth2.close();
    await fresh.drop();
  });

  /** Adds a table, a column and an index; an older version uses none of them. */
  async function applyAdditive(): Promise<void> {
    await oauth2.knex.schema.createTable('oauth2_something_new', (table) => table.increments());
    await oauth2.knex.schema.alterTable('oauth2_access_tokens', (table) => table.string('something_new'));
    await note({ oldest_compatible_version: SCHEMA_VERSION });
  }

  /** Changes what an older version uses. */
  async function applyBreaking(): Promise<void> {
    await oauth2.knex.schema.alterTable('oauth2_consents', (table) => table.renameColumn('scope', 'granted_scope'));
    await note({ oldest_compatible_version: 9999 });
  }

  async function note(columns: object): Promise<void> {
    const row = { name: '9999_from_the_future', batch: 9, migration_time: new Date(), ...columns };
    await oauth2.knex(MIGRATIONS_TABLE).insert(row);
  }

  async function issue(): Promise<string> {
    const { application } = await oauth2.applications.create({
      name: 'demo',
      scopes: ['read'],
      grantTypes: ['client_credentials'],
    });
    const { access_token } = await oauth2.tokens.issue({ application, scope: ['read'] });
    return access_token;
  }

  test('that only adds: an older process starts, migrates nothing, issues, reads and revokes', async () => {
    await applyAdditive();
    const restarted = createOAuth2({ database: fresh.url });
    try {
      expect(await restarted.migrate()).toEqual([]);
      await restarted.assertMigrated();
      expect(await restarted.migrationStatus()).toMatchObject({ pending: [], incompatible: [] });
      const token = await issue();
      expect(await restarted.tokens.inspect(token)).toMatchObject({ active: true });
      expect(await restarted.tokens.revoke(token)).toBe(true);
      expect(await restarted.tokens.inspect(token)).toEqual({ active: false });
    } finally {
      await restarted.close();
    }
  });

  test('that only adds can be rolled back by the version alone that applied it', async () => {
    await applyAdditive();
    await expect(rollback(oauth2.knex)).rejects.toThrow(/9999_from_the_future is of a newer version/);
    await expect(rollbackLosses(oauth2.knex)).rejects.toThrow(/9999_from_the_future is of a newer version/);
    expect((await migrationStatus(oauth2.knex)).applied).toContain('9999_from_the_future');
  });

  test('that is being added just now, or was interrupted: an older process starts as well', async () => {
    await migrate(oauth2.knex);
    await oauth2.knex('oauth2_migrations_unfinished').insert({
      ...{ name: '9999_from_the_future', batch: 9, oldest_compatible_version: SCHEMA_VERSION, direction: 'up' },
      ...{ statements_done: 1, statements_digest: 'unknown' },
    });
    await assertMigrated(oauth2.knex);
    expect(await migrate(oauth2.knex)).toEqual([]);
  });

  test('that changes what an older process uses: it is refused, naming the migration and what to do', async () => {
    await applyBreaking();
    for (const attempt of [assertMigrated, migrate, rollback]) {
      await expect(attempt(oauth2.knex)).rejects.toThrow(
        new RegExp(`schema version ${SCHEMA_VERSION}.*9999_from_the_future.*Upgrade routing-controllers-oauth2`),
      );
    }
  });

  test.each([
    ['only adds', applyAdditive],
    ['breaks older versions', applyBreaking],
  ])('that %s: tokens revoke works on the command line', async (_what, apply) => {
    const keyPrefix = freshKeyPrefix();
    try {
      const token = await issue();
      await apply();
      const revoked = await runCli(['tokens', 'revoke', token, '--json', '--key-prefix', keyPrefix], {
        env: { DATABASE_URL: fresh.url, REDIS_URL: redisUrl() },
      });
      expect(resultOf(revoked)).toEqual({ revoked: true });
      expect(await oauth2.tokens.inspect(token)).toEqual({ active: false });
    } finally {
      await removeKeys(redisUrl(), keyPrefix);
    }
  });

  test('older than this version: tokens revoke works before the database is migrated', async () => {
    const token = await issue();
    await oauth2.knex(MIGRATIONS_TABLE).whereIn('name', IDENTITY).update({ batch: 2 });
    await rollback(oauth2.knex);
    await expect(assertMigrated(oauth2.knex)).rejects.toThrow(/0004_database_identity, 0012_checked_tokens pending/);
    const env = { DATABASE_URL: fresh.url, REDIS_URL: redisUrl() };
    const revoked = await runCli(['tokens', 'revoke', token], { env });
    expect(revoked).toMatchObject({ code: 0, stdout: 'Revoked.\n' });
    expect(revoked.stderr).toMatch(/0004_database_identity/);
    expect(await oauth2.tokens.inspect(token)).toEqual({ active: false });
  });

  test('the bookkeeping of an early version, which did not note what is compatible, is completed', async () => {
    await oauth2.knex(MIGRATIONS_TABLE).whereIn('name', IDENTITY).update({ batch: 2 });
    await rollback(oauth2.knex);
    await oauth2.knex.raw('alter table ?? drop column ??', [MIGRATIONS_TABLE, 'oldest_compatible_version']);
    await oauth2.knex.schema.dropTable('oauth2_migrations_unfinished');
    expect((await migrationStatus(oauth2.knex)).pending).toEqual(IDENTITY);
    expect(await migrate(oauth2.knex)).toEqual(IDENTITY);
    await assertMigrated(oauth2.knex);
  });
});
