import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import { knexSnakeCaseMappers, Model } from 'objection';
import { ConfigurationError, TemporarilyUnavailableError } from '../../../src/core/errors.js';
import {
  AccessToken,
  Application,
  assertMigrated,
  bindModels,
  createTokenReader,
  FamilyRepository,
  MIGRATION_NAMES,
  migrate,
  objectionUserStore,
  openDatabase,
  RefreshToken,
  rollback,
  TokenRepository,
  tableNamesOf,
} from '../../../src/storage/index.js';
import { databaseKinds, freshDatabase } from '../../support/services.js';
import { type Fixture, newToken, openFixture, storeRefreshToken, storeToken } from './fixture.js';

class ShopApplication extends Application {
  static override tableName = 'shop_applications';
  declare plan: string | null;
}

class ShopToken extends AccessToken {
  static override tableName = 'shop_tokens';
  declare tenantId: string | null;

  isOfTenant(tenantId: string): boolean {
    return this.tenantId === tenantId;
  }
}

class ShopRefreshToken extends RefreshToken {
  static override tableName = 'shop_refresh_tokens';
}

const shopModels = { Application: ShopApplication, AccessToken: ShopToken, RefreshToken: ShopRefreshToken };

/** The host's own migration, run after the package's. */
async function addOwnColumns(knex: Knex): Promise<void> {
  await knex.schema.alterTable('shop_applications', (table) => {
    table.string('plan');
  });
  await knex.schema.alterTable('shop_tokens', (table) => {
    table.string('tenant_id');
  });
}

describe.each(databaseKinds())("the host's own models on %s", (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind, shopModels);
    await addOwnColumns(fixture.database.knex);
  });

  afterAll(() => fixture.close());

  test('migrate creates the tables under their names, and asks for them by their names', async () => {
    const { knex } = fixture.database;
    expect(await knex.schema.hasTable('shop_tokens')).toBe(true);
    expect(await knex.schema.hasTable('oauth2_access_tokens')).toBe(false);
    expect(await knex.schema.hasTable('oauth2_consents')).toBe(true);
    await expect(assertMigrated(knex, { tables: fixture.tables })).resolves.toBeUndefined();
    await expect(assertMigrated(knex)).rejects.toThrow(/"oauth2_applications" is missing/);
  });

  test('own columns are stored and read with the rest, and methods of the own class are there', async () => {
    const { application } = await fixture.applications.create({
      name: 'shop',
      grantTypes: ['client_credentials'],
      extra: { plan: 'gold' },
    });
    const { hash } = newToken();
    await storeToken(fixture, {
      tokenHash: hash,
      applicationId: application.id,
      userId: 'alice',
      extra: { tenantId: 't1' },
    });

    const found = (await fixture.tokens.findAccessTokenByHash(hash)) as ShopToken;
    expect(found).toBeInstanceOf(ShopToken);
    expect(found.isOfTenant('t1')).toBe(true);
    expect(found.application).toBeInstanceOf(ShopApplication);
    expect((found.application as ShopApplication).plan).toBe('gold');
    const updated = await fixture.applications.update(application.clientId, { extra: { plan: 'silver' } });
    expect((updated as ShopApplication).plan).toBe('silver');
  });

  test('the reader and every verb work on them', async () => {
    const { application } = await fixture.applications.create({ name: 'shop', grantTypes: ['client_credentials'] });
    const { hash } = newToken();
    const of = { applicationId: application.id, userId: 'bob' };
    const token = await storeToken(fixture, { ...of, tokenHash: hash });
    await storeRefreshToken(fixture, { ...of, accessTokenId: token.id });
    expect(await fixture.reader.read(hash)).toMatchObject({ clientId: application.clientId, userId: 'bob' });
    expect(await fixture.tokens.listFor('bob')).toHaveLength(1);
    expect((await fixture.tokens.revokeAllOf({ userId: 'bob' })).count).toBe(2);
    const cleared = await fixture.tokens.clearExpired({ beforeMilliseconds: Date.now() + 2 * 86_400_000 });
    expect(cleared.deleted).toMatchObject({ shop_tokens: expect.any(Number), shop_refresh_tokens: 1 });
  });

  test("a reader of other tables on the same pool does not get into the other's way", async () => {
    const other = { ...fixture.tables, accessTokens: 'shop_copy' };
    const { hash } = newToken();
    await storeToken(fixture, { tokenHash: hash, userId: 'copy' });
    await fixture.database.knex.raw('CREATE TABLE shop_copy AS SELECT * FROM shop_tokens');
    const reader = createTokenReader(fixture.database, other);
    expect(await reader.read(hash)).toMatchObject({ userId: 'copy' });
    expect(await fixture.reader.read(hash)).toMatchObject({ userId: 'copy' });
  });

  test('two sets of models on one knex, and none of them global', () => {
    expect(() => Model.knex().client).toThrow();
    expect(bindModels(fixture.database.knex).AccessToken.tableName).toBe('oauth2_access_tokens');
    expect(AccessToken.tableName).toBe('oauth2_access_tokens');
    expect(fixture.models.AccessToken.tableName).toBe('shop_tokens');
  });

  test('rollback removes them under their names', async () => {
    await rollback(fixture.database.knex, { tables: fixture.tables });
    expect(await fixture.database.knex.schema.hasTable('shop_tokens')).toBe(false);
    await migrate(fixture.database.knex, { tables: fixture.tables });
  });
});

describe.each(databaseKinds())("the host's own knex on %s", (kind) => {
  test('a knex that maps names itself works the same, and stays open for the host', async () => {
    const fresh = await freshDatabase(kind);
    const plain = openDatabase(fresh.url);
    const owned = openDatabase({ ...plain.knex.client.config, ...knexSnakeCaseMappers() });
    const database = openDatabase(owned.knex);
    try {
      expect([database.owned, owned.owned, database.dialect]).toEqual([false, true, plain.dialect]);
      const models = bindModels(database.knex);
      await migrate(database.knex, { tables: tableNamesOf(models) });
      await assertMigrated(database.knex);
      const tokens = new TokenRepository(models);
      const { hash } = newToken();
      const now = Date.now();
      const { application } = await models.Application.create({ name: 'demo', grantTypes: ['client_credentials'] });
      await tokens.insertAccessToken({
        tokenHash: hash,
        applicationId: application.id,
        userId: 'alice',
        scope: 'a',
        createdAtMilliseconds: now,
        expiresAtMilliseconds: now + 60_000,
      });
      expect(await createTokenReader(database, tableNamesOf(models)).read(hash)).toMatchObject({
        userId: 'alice',
        createdAtMilliseconds: now,
      });
      expect(await tokens.findAccessTokenByHash(hash)).toMatchObject({ userId: 'alice', createdAtMilliseconds: now });
      expect(await new FamilyRepository(models, tokens).findAccessToken(hash)).toMatchObject({
        row: { userId: 'alice', createdAtMilliseconds: now },
        clientId: application.clientId,
        applicationDisabled: false,
      });
      expect((await tokens.revokeAllOf({ userId: 'alice' })).count).toBe(1);
      expect(await rollback(database.knex)).toHaveLength(MIGRATION_NAMES.length);
    } finally {
      await owned.knex.destroy();
      await plain.knex.destroy();
      await fresh.drop();
    }
  });
});

describe.each(databaseKinds())("the host's users on %s", (kind) => {
  class User extends Model {
    static override tableName = 'users';
    id!: number;
    email!: string;
    is_active!: boolean | number | null;
  }

  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
    const { knex } = fixture.database;
    await knex.schema.createTable('users', (table) => {
      table.increments();
      table.string('email').notNullable();
      table.boolean('is_active');
    });
    await knex('users').insert([
      { email: 'alice@example.org', is_active: true },
      { email: 'carol@example.org', is_active: false },
      { email: 'dora@example.org', is_active: null },
    ]);
  });

  afterAll(() => fixture.close());

  test('a user is found by exactly the id: a number in other words, in other case or out of range is nobody', async () => {
    const users = objectionUserStore(User, { knex: fixture.database.knex });
    expect((await users.findById('1'))?.email).toBe('alice@example.org');
    for (const id of [
      '1abc',
      '01',
      '1 ',
      ' 1',
      '1.0',
      '+1',
      '9',
      '',
      'alice',
      '99999999999999999999',
      '1\0',
      '1e0',
      "1' OR '1'='1",
    ]) {
      expect(await users.findById(id)).toBeUndefined();
    }
  });

  test('another column can be the id, compared with regard to case and spaces', async () => {
    const users = objectionUserStore(User, { knex: fixture.database.knex, idColumn: 'email' });
    const alice = await users.findById('alice@example.org');
    expect(users.idOf(alice as User)).toBe('alice@example.org');
    expect(await users.findById('Alice@example.org')).toBeUndefined();
    expect(await users.findById('alice@example.org ')).toBeUndefined();
  });

  test('a user is active by the flag of the model, or by what the host says', async () => {
    const users = objectionUserStore(User, { knex: fixture.database.knex });
    const [alice, carol, dora] = await Promise.all(['1', '2', '3'].map((id) => users.findById(id)));
    expect([alice, carol, dora].map((user) => users.isActive(user as User))).toEqual([true, false, false]);
    const own = objectionUserStore(User, {
      knex: fixture.database.knex,
      isActive: (user) => user.email.startsWith('carol'),
    });
    expect([alice, carol].map((user) => own.isActive(user as User))).toEqual([false, true]);
  });

  test('users that cannot be asked for are an outage, not nobody', async () => {
    const away = openDatabase(kind === 'postgres' ? 'postgres://root@127.0.0.1:1/x' : 'mysql://root@127.0.0.1:1/x');
    const users = objectionUserStore(User, { knex: away.knex });
    await expect(users.findById('1')).rejects.toThrow(TemporarilyUnavailableError);
    await away.knex.destroy();
  });
});

test('models that are no subclasses, unknown, or share a table are refused by name', async () => {
  const { knex } = openDatabase(':memory:');
  class Twin extends AccessToken {
    static override tableName = 'oauth2_applications';
  }
  const mistakes: [Record<string, unknown>, RegExp][] = [
    [{ Token: ShopToken }, /models\.Token cannot be set: there is no such option/],
    [{ AccessToken: Application }, /models\.AccessToken cannot be a function: it is not a subclass of AccessToken/],
    [{ AccessToken: 'shop_tokens' }, /models\.AccessToken cannot be a string: it is not a subclass of AccessToken/],
    [{ AccessToken: Twin }, /tables\.\w+ has the same name/],
  ];
  for (const [models, message] of mistakes) {
    expect(() => bindModels(knex, models)).toThrow(ConfigurationError);
    expect(() => bindModels(knex, models)).toThrow(message);
  }
  await knex.destroy();
});
