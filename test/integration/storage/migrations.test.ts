import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  assertMigrated,
  type Database,
  DEFAULT_TABLE_NAMES,
  MIGRATION_NAMES,
  MIGRATIONS_TABLE,
  migrate,
  migrationStatus,
  openDatabase,
  readDatabaseIdentity,
  rollback,
} from '../../../src/storage/index.js';
import { databaseKinds, type FreshDatabase, freshDatabase } from '../../support/services.js';

describe.each(databaseKinds())('migrations on %s', (kind) => {
  let fresh: FreshDatabase;
  let database: Database;

  beforeEach(async () => {
    fresh = await freshDatabase(kind);
    database = openDatabase(fresh.url);
  });

  afterEach(async () => {
    await database.knex.destroy();
    await fresh.drop();
  });

  async function existingTables(): Promise<string[]> {
    const names = Object.values(DEFAULT_TABLE_NAMES);
    const exist = await Promise.all(names.map((name) => database.knex.schema.hasTable(name)));
    return names.filter((_, index) => exist[index]);
  }

  test('migrate answers the names that it applied, and nothing the second time', async () => {
    expect(await migrate(database.knex)).toEqual(MIGRATION_NAMES);
    expect(await migrate(database.knex)).toEqual([]);
    expect(await existingTables()).toEqual(Object.values(DEFAULT_TABLE_NAMES));
  });

  test('up, down and up again leave the same tables', async () => {
    await migrate(database.knex);
    expect(await rollback(database.knex)).toEqual([...MIGRATION_NAMES].reverse());
    expect(await existingTables()).toEqual([]);
    expect(await migrate(database.knex)).toEqual(MIGRATION_NAMES);
    await expect(assertMigrated(database.knex)).resolves.toBeUndefined();
  });

  test('two processes that migrate at once both succeed, and each migration is applied once', async () => {
    const others = Array.from({ length: 3 }, () => openDatabase(fresh.url));
    try {
      const answers = await Promise.all([database, ...others].map(({ knex }) => migrate(knex)));
      expect(answers.flat().sort()).toEqual([...MIGRATION_NAMES].sort());
      expect(await migrationStatus(database.knex)).toMatchObject({ applied: MIGRATION_NAMES, pending: [] });
      expect(await migrate(database.knex)).toEqual([]);
    } finally {
      await Promise.all(others.map(({ knex }) => knex.destroy()));
    }
  });

  test('each database has an identity of its own, that stays; one that was taken away is made again', async () => {
    const other = await freshDatabase(kind);
    const second = openDatabase(other.url);
    try {
      await Promise.all([migrate(database.knex), migrate(second.knex)]);
      const [identity, another] = [await readDatabaseIdentity(database.knex), await readDatabaseIdentity(second.knex)];
      expect(identity).toEqual({ id: expect.stringMatching(/^[\w-]{22}$/), macKey: expect.any(Buffer) });
      expect(identity?.macKey).toHaveLength(32);
      expect(another?.id).not.toBe(identity?.id);
      expect(another?.macKey).not.toEqual(identity?.macKey);
      await migrate(database.knex);
      expect(await readDatabaseIdentity(database.knex)).toEqual(identity);
      await database.knex('oauth2_database_identity').delete();
      expect(await readDatabaseIdentity(database.knex)).toBeUndefined();
      await migrate(database.knex);
      expect((await readDatabaseIdentity(database.knex))?.id).not.toBe(identity?.id);
    } finally {
      await second.knex.destroy();
      await other.drop();
    }
  });

  test('a database that is not migrated has no identity, and asking is not an error', async () => {
    expect(await readDatabaseIdentity(database.knex)).toBeUndefined();
  });

  test('the status of an empty database is all pending, and asking changes nothing', async () => {
    expect(await migrationStatus(database.knex)).toMatchObject({ applied: [], pending: MIGRATION_NAMES });
    expect(await database.knex.schema.hasTable(MIGRATIONS_TABLE)).toBe(false);
  });

  test('a database that is not migrated is refused with the command that helps', async () => {
    await expect(assertMigrated(database.knex)).rejects.toThrow(ConfigurationError);
    await expect(assertMigrated(database.knex)).rejects.toThrow(/is not migrated: .*Run npx rc-oauth2 migrate/);
  });

  test('a migration of a newer version that does not say what it is compatible with is refused, and neither migrated nor rolled back', async () => {
    await migrate(database.knex);
    await database
      .knex(MIGRATIONS_TABLE)
      .insert({ name: '9999_from_the_future', batch: 2, migration_time: new Date() });
    for (const attempt of [assertMigrated, migrate, rollback]) {
      await expect(attempt(database.knex)).rejects.toThrow(/9999_from_the_future.*Upgrade/);
    }
    expect(await existingTables()).toHaveLength(Object.keys(DEFAULT_TABLE_NAMES).length);
  });

  test('a table that is missing after all migrations is named', async () => {
    await migrate(database.knex);
    await database.knex.schema.dropTable('oauth2_consents');
    await expect(assertMigrated(database.knex)).rejects.toThrow(/"oauth2_consents" is missing/);
  });

  test('a table of the host that is in the way is named and left alone, and once it is gone the migration succeeds', async () => {
    await database.knex.schema.createTable('oauth2_consents', (table) => table.string('mine'));
    await database.knex('oauth2_consents').insert({ mine: 'kept' });
    await expect(migrate(database.knex)).rejects.toThrow(/"oauth2_consents" exists already/);
    expect(await database.knex('oauth2_consents').pluck('mine')).toEqual(['kept']);

    await database.knex.schema.dropTable('oauth2_consents');
    await migrate(database.knex);
    await expect(assertMigrated(database.knex)).resolves.toBeUndefined();
  });

  test('the migrations of the host, in its own table, are not touched', async () => {
    await database.knex.migrate.latest({
      migrationSource: {
        getMigrations: async () => ['host_1'],
        getMigrationName: (name: string) => name,
        getMigration: async () => ({
          up: (knex) => knex.schema.createTable('books', (table) => table.increments()),
          down: (knex) => knex.schema.dropTable('books'),
        }),
      },
    });
    await migrate(database.knex);
    await rollback(database.knex);
    expect(await database.knex('knex_migrations').pluck('name')).toEqual(['host_1']);
    expect(await database.knex.schema.hasTable('books')).toBe(true);
  });
});
