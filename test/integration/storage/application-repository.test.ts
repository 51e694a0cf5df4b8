import { pbkdf2Sync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  type ApplicationFilter,
  ApplicationRepository,
  type NewApplication,
  type Page,
} from '../../../src/storage/index.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newApplication, newToken, openFixture, storeToken } from './fixture.js';

/** As Django's `make_password` writes it, with fewer rounds. */
function djangoHash(secret: string): string {
  return `pbkdf2_sha256$1000$salt$${pbkdf2Sync(secret, 'salt', 1000, 32, 'sha256').toString('base64')}`;
}

describe.each(databaseKinds())('the application repository on %s', (kind) => {
  let fixture: Fixture;

  beforeAll(async () => {
    fixture = await openFixture(kind);
  });

  afterAll(() => fixture.close());

  test('a confidential application gets an identifier and a secret, which is checked and never stored', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'demo',
      grantTypes: ['client_credentials'],
      scopes: ['read', 'write'],
    });
    const found = await fixture.applications.findByClientId(application.clientId);
    expect(found?.checkSecret(clientSecret as string)).toBe(true);
    expect(found?.checkSecret(`${clientSecret}x`)).toBe(false);
    expect(found?.checkSecret(found.clientSecretHash?.toString('hex') as string)).toBe(false);
    expect(found?.clientSecretHash).toHaveLength(32);
    expect([found?.skipAuthorization, found?.disabledAtMilliseconds, found?.scope]).toEqual([
      false,
      null,
      'read write',
    ]);
    expect(clientSecret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('a public application has no secret, and no secret matches', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'spa',
      clientType: 'public',
      grantTypes: ['authorization_code'],
      redirectUris: ['https://spa.example/cb'],
    });
    expect(clientSecret).toBeUndefined();
    expect([application.checkSecret(''), application.checkSecret('null')]).toEqual([false, false]);
    await expect(fixture.applications.rotateSecret(application.clientId)).rejects.toThrow(ConfigurationError);
  });

  test('an identifier is found exactly: not in another case, not with spaces, not by what no identifier can be', async () => {
    await fixture.applications.create({ name: 'exact', grantTypes: ['client_credentials'], clientId: 'Exact-Id' });
    expect((await fixture.applications.findByClientId('Exact-Id'))?.name).toBe('exact');
    for (const other of [
      'exact-id',
      'EXACT-ID',
      'Exact-Id ',
      ' Exact-Id',
      'Exact-Id\0',
      'Éxact-Id',
      'Exact-I%',
      '',
      'x'.repeat(300),
    ]) {
      expect(await fixture.applications.findByClientId(other)).toBeUndefined();
    }
    await fixture.applications.create({ name: 'other case', grantTypes: ['client_credentials'], clientId: 'exact-id' });
    expect((await fixture.applications.findByClientId('exact-id'))?.name).toBe('other case');
  });

  test('an identifier that is taken is refused by name', async () => {
    const again = { name: 'x', grantTypes: ['client_credentials'], clientId: 'taken' };
    await fixture.applications.create(again);
    await expect(fixture.applications.create(again)).rejects.toThrow(/clientId cannot be "taken": it is taken/);
  });

  test.each([
    ['accessTokenLifetimeSeconds', 315_360_000],
    ['refreshTokenLifetimeSeconds', 315_360_000],
    ['refreshTokenIdleSeconds', 315_360_000],
    ['idTokenLifetimeSeconds', 30 * 86_400],
  ] as const)('%s is a whole number of seconds up to %p, or null', async (name, most) => {
    const create = (value: unknown) =>
      fixture.applications.create({ name: 'x', grantTypes: ['client_credentials'], [name]: value as number });
    for (const value of [0, -1, 1.5, Number.NaN, '60', most + 1, true]) {
      await expect(create(value)).rejects.toThrow(new RegExp(`application\\.${name} cannot be .*from 1 to ${most}`));
    }
    const { application } = await create(most);
    const stored = () => fixture.applications.findByClientId(application.clientId);
    expect((await stored())?.[name]).toBe(most);
    expect((await create(undefined)).application[name]).toBeNull();
    await fixture.applications.update(application.clientId, { name: 'y' });
    expect((await stored())?.[name]).toBe(most);
    expect((await fixture.applications.update(application.clientId, { [name]: 1 }))?.[name]).toBe(1);
    expect((await fixture.applications.update(application.clientId, { [name]: null }))?.[name]).toBeNull();
  });

  test('lifetimes are not for the owner to change', async () => {
    const { application } = await fixture.applications.create({
      name: 'x',
      grantTypes: ['client_credentials'],
      userId: 'alice',
    });
    const change = fixture.applications.update(
      application.clientId,
      { accessTokenLifetimeSeconds: 10 },
      { ownedBy: 'alice' },
    );
    await expect(change).rejects.toThrow(/accessTokenLifetimeSeconds cannot be .*the owner may not change it/);
  });

  test('of new secrets at once with an overlap, two are good in the end: the last and the one before', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'x',
      grantTypes: ['client_credentials'],
    });
    const secrets = await Promise.all(
      Array.from({ length: 5 }, () =>
        fixture.applications.rotateSecret(application.clientId, { overlapSeconds: 3600 }),
      ),
    );
    const stored = await fixture.applications.findByClientId(application.clientId);
    const good = [clientSecret, ...secrets].filter((secret) => stored?.checkSecret(secret as string) === true);
    expect(good).toHaveLength(2);
    expect(stored?.checkSecret(clientSecret as string)).toBe(false);
    expect(JSON.stringify(stored)).not.toMatch(/SecretHash|Imported/);
  });

  test('a new secret replaces the old one at once', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'r',
      grantTypes: ['client_credentials'],
    });
    const rotated = await fixture.applications.rotateSecret(application.clientId);
    const found = await fixture.applications.findByClientId(application.clientId);
    expect([found?.checkSecret(clientSecret as string), found?.checkSecret(rotated as string)]).toEqual([false, true]);
    expect(await fixture.applications.rotateSecret('nobody')).toBeUndefined();
  });

  test('of concurrent calls that disable or enable, exactly one did it', async () => {
    const { clientId } = await newApplication(fixture);
    const disabled = await Promise.all(Array.from({ length: 6 }, () => fixture.applications.disable(clientId)));
    expect(disabled.filter((didIt) => didIt)).toHaveLength(1);
    expect((await fixture.applications.findByClientId(clientId))?.isDisabled()).toBe(true);
    const enabled = await Promise.all(Array.from({ length: 6 }, () => fixture.applications.enable(clientId)));
    expect(enabled.filter((didIt) => didIt)).toHaveLength(1);
    expect((await fixture.applications.findByClientId(clientId))?.isDisabled()).toBe(false);
    expect([await fixture.applications.disable('nobody'), await fixture.applications.enable('nobody')]).toEqual([
      false,
      false,
    ]);
  });

  test('very many tokens of a deleted application are deleted at most a thousand by one statement', async () => {
    const application = await newApplication(fixture);
    const { knex } = fixture.database;
    const rows = Array.from({ length: 2_100 }, () => ({
      ...{ token_hash: newToken().hash, application_id: application.id, scope: 'read' },
      ...{ created_at_ms: 1, expires_at_ms: Date.now() + 3_600_000 },
    }));
    await knex.batchInsert('oauth2_access_tokens', rows, 100);
    const batches: number[] = [];
    const listen = ({ sql, bindings }: { sql: string; bindings?: readonly unknown[] }) => {
      if (/^delete from [`"]oauth2_access_tokens/.test(sql)) batches.push(bindings?.length ?? 0);
    };
    knex.on('query', listen);
    expect(await fixture.applications.delete(application.clientId)).toBe(true);
    knex.removeListener('query', listen);
    // All of them, so that none is left for the statement that deletes the application.
    expect(batches).toEqual([1_000, 1_000, 100]);
  });

  test('an application that is enabled while it is deleted is disabled and told to the caches again', async () => {
    const { clientId } = await newApplication(fixture);
    let told = 0;
    const repository = new ApplicationRepository(fixture.models, {
      invalidate: async () => {
        told += 1;
        if (told === 1) await fixture.applications.enable(clientId);
      },
    });
    expect(await repository.delete(clientId)).toBe(true);
    expect(told).toBe(2);
    expect(await fixture.applications.findByClientId(clientId)).toBeUndefined();
  });

  test('a deleted application takes its tokens with it', async () => {
    const application = await newApplication(fixture);
    const token = await storeToken(fixture, { applicationId: application.id });
    expect(await fixture.applications.delete(application.clientId)).toBe(true);
    expect(await fixture.tokens.findAccessTokenByHash(token.tokenHash)).toBeUndefined();
    expect(await fixture.applications.delete(application.clientId)).toBe(false);
  });

  test('an update changes what is given, keeps the rest, and checks the whole', async () => {
    const { application } = await fixture.applications.create({
      name: 'before',
      grantTypes: ['client_credentials'],
      scopes: ['read'],
      userId: 'owner',
    });
    const { clientId } = application;
    const updated = await fixture.applications.update(clientId, { name: 'after', scopes: null });
    expect(updated).toMatchObject({ name: 'after', scope: null, userId: 'owner', grantTypes: 'client_credentials' });
    expect(updated?.clientSecretHash?.equals(application.clientSecretHash as Buffer)).toBe(true);
    await expect(fixture.applications.update(clientId, { grantTypes: ['authorization_code'] })).rejects.toThrow(
      /redirectUris/,
    );
    expect(await fixture.applications.update('nobody', { name: 'x' })).toBeUndefined();
  });

  test('with an imported secret no other is generated, and the secret is checked until a new one replaces it', async () => {
    const importedSecretHash = djangoHash('chosen by a person');
    const { application, clientSecret } = await fixture.applications.create({
      name: 'from Django',
      grantTypes: ['client_credentials'],
      importedSecretHash,
    });
    expect(clientSecret).toBeUndefined();
    const { clientId } = application;
    const check = async (secret: string) => (await fixture.applications.findByClientId(clientId))?.checkSecret(secret);
    expect([await check('chosen by a person'), await check('Chosen by a person')]).toEqual([true, false]);
    expect([await check(importedSecretHash), await check('')]).toEqual([false, false]);
    // Presented, and still under PBKDF2: a digest of what a person chose could be guessed.
    expect(await fixture.applications.findByClientId(clientId)).toMatchObject({
      clientSecretHash: null,
      clientSecretImported: importedSecretHash,
    });
    const secret = await fixture.applications.rotateSecret(clientId);
    expect([await check('chosen by a person'), await check(secret as string)]).toEqual([false, true]);
    expect((await fixture.applications.findByClientId(clientId))?.clientSecretImported).toBeNull();
  });

  test('an imported secret is refused where it cannot be one, and never shown', async () => {
    const create = (columns: Partial<NewApplication>) =>
      fixture.applications.create({ name: 'x', grantTypes: ['refresh_token'], ...columns });
    await expect(create({ importedSecretHash: 'plain text' })).rejects.toThrow(
      /importedSecretHash cannot be a string: it is not in the format that Django stores/,
    );
    await expect(create({ importedSecretHash: 'plain text' })).rejects.not.toThrow(/plain text/);
    const importedSecretHash = djangoHash('x');
    await expect(create({ importedSecretHash, clientType: 'public' })).rejects.toThrow(/has no secret/);
    const { application } = await create({ importedSecretHash });
    expect(JSON.stringify(application)).not.toContain('pbkdf2');
  });

  test('an application with keys has no secret, and gets one when it gives them up', async () => {
    const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] };
    const created = await fixture.applications.create({ name: 'k', grantTypes: ['client_credentials'], jwks });
    const { clientId } = created.application;
    expect([created.clientSecret, created.application.hasKeys()]).toEqual([undefined, true]);
    await expect(fixture.applications.rotateSecret(clientId)).rejects.toThrow(/authenticates with keys/);
    // Another property: the keys stay.
    const renamed = await fixture.applications.update(clientId, { name: 'renamed', mayIntrospect: true });
    expect(renamed).toMatchObject({ name: 'renamed', mayIntrospect: true, jwks: JSON.stringify(jwks) });
    const moved = await fixture.applications.update(clientId, { jwks: null, jwksUri: 'https://a.example/jwks' });
    expect(moved).toMatchObject({ jwks: null, jwksUri: 'https://a.example/jwks' });
    await fixture.applications.update(clientId, { jwksUri: null });
    expect(await fixture.applications.rotateSecret(clientId)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('what its owner alone may do is done for the owner and for nobody else', async () => {
    const { application, clientSecret } = await fixture.applications.create({
      name: 'mine',
      grantTypes: ['client_credentials'],
      userId: 'bob',
    });
    const { clientId } = application;
    const { applications } = fixture;
    for (const ownedBy of ['alice', 'Bob', 'bob ', 'bo', 'bob%']) {
      expect(await applications.update(clientId, { name: 'stolen' }, { ownedBy })).toBeUndefined();
      expect(await applications.rotateSecret(clientId, { ownedBy })).toBeUndefined();
      expect(await applications.delete(clientId, { ownedBy })).toBe(false);
    }
    const untouched = await applications.findByClientId(clientId);
    expect([untouched?.name, untouched?.isDisabled()]).toEqual(['mine', false]);
    expect(await untouched?.checkSecret(clientSecret as string)).toBe(true);
    expect(await applications.update(clientId, { name: 'renamed' }, { ownedBy: 'bob' })).toMatchObject({
      name: 'renamed',
    });
    expect(await applications.rotateSecret(clientId, { ownedBy: 'bob' })).toEqual(expect.any(String));
    expect(await applications.delete(clientId, { ownedBy: 'bob' })).toBe(true);
  });

  test('an owner who gives an application away while he deletes it does not delete what is another\u2019s', async () => {
    const { application } = await fixture.applications.create({
      name: 'given away',
      grantTypes: ['client_credentials'],
      userId: 'bob',
    });
    // The look finds bob, then the owner changes, then the statement runs.
    const repository = new ApplicationRepository(fixture.models, {
      invalidate: async () => {
        await fixture.models.Application.query().findById(application.id).patch({ userId: 'carol' });
      },
    });
    expect(await repository.delete(application.clientId, { ownedBy: 'bob' })).toBe(false);
    expect((await fixture.applications.findByClientId(application.clientId))?.userId).toBe('carol');
  });

  test('of 50 concurrent deletions exactly one did it', async () => {
    const { clientId } = await newApplication(fixture);
    const deleted = await Promise.all(Array.from({ length: 50 }, () => fixture.applications.delete(clientId)));
    expect(deleted.filter((didIt) => didIt)).toHaveLength(1);
  });

  test('staff finds applications by the beginning of the identifier, a part of the name, or the owner, page by page', async () => {
    const create = (clientId: string, name: string, userId: string) =>
      fixture.applications.create({ clientId, name, userId, grantTypes: ['client_credentials'] });
    await create('find-1', 'Needle in the hay', 'dora');
    await create('find-2', '100% needle', 'dora');
    await create('Find-3', 'hay', 'dora ');
    await create('find_4', 'hay_stack', 'eve');
    const find = async (filter: ApplicationFilter, page: Page = {}) =>
      (await fixture.applications.search(filter, page)).map(({ clientId }) => clientId);
    expect(await find({ clientId: 'find-' })).toEqual(['find-2', 'find-1']);
    expect(await find({ clientId: 'find_' })).toEqual(['find_4']);
    expect(await find({ clientId: 'Find-3' })).toEqual(['Find-3']);
    expect(await find({ name: 'NEEDLE' })).toEqual(['find-2', 'find-1']);
    expect(await find({ name: '0% n' })).toEqual(['find-2']);
    expect(await find({ name: 'y_s' })).toEqual(['find_4']);
    expect(await find({ name: "'; drop table oauth2_applications; --" })).toEqual([]);
    expect(await find({ userId: 'dora' })).toEqual(['find-2', 'find-1']);
    expect(await find({ userId: 'dora', name: 'hay' })).toEqual(['find-1']);
    expect(await find({ name: '\0' })).toEqual([]);
    const [newest] = await fixture.applications.search({ userId: 'dora' }, { limit: 1 });
    expect(newest?.clientId).toBe('find-2');
    expect(await find({ userId: 'dora' }, { limit: 1, beforeId: newest?.id })).toEqual(['find-1']);
    expect(() => fixture.applications.search({}, { limit: 0 })).toThrow(TypeError);
  });

  test('concurrent updates of different properties both hold', async () => {
    const { clientId } = await newApplication(fixture);
    await Promise.all([
      fixture.applications.update(clientId, { name: 'renamed' }),
      fixture.applications.update(clientId, { scopes: ['x'] }),
      fixture.applications.update(clientId, { skipAuthorization: true }),
    ]);
    const found = await fixture.applications.findByClientId(clientId);
    expect(found).toMatchObject({ name: 'renamed', scope: 'x', skipAuthorization: true });
  });

  test('list gives all in their order, or those of one owner', async () => {
    for (const userId of ['owner-1', 'Owner-1', 'owner-1 ', 'owner-1']) {
      await fixture.applications.create({ name: userId, grantTypes: ['client_credentials'], userId });
    }
    const all = await fixture.applications.list();
    expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).sort((left, right) => left - right));
    expect((await fixture.applications.list({ userId: 'owner-1' })).map(({ name }) => name)).toEqual([
      'owner-1',
      'owner-1',
    ]);
  });
});
