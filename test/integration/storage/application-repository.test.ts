import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import { databaseKinds } from '../../support/services.js';
import { type Fixture, newApplication, openFixture, storeToken } from './fixture.js';

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
    expect([found?.skipAuthorization, found?.disabledAtMs, found?.scope]).toEqual([false, null, 'read write']);
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
    await expect(fixture.applications.create(again)).rejects.toThrow(/clientId is "taken", which is taken/);
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
