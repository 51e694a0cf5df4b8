import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256, sha256Key } from '../../../../src/core/digest.js';
import { ApplicationRepository, createTokenReader, DEFAULT_TABLE_NAMES } from '../../../../src/storage/index.js';
import { databaseKinds } from '../../../support/services.js';
import {
  type AdapterServer,
  Authorizations,
  DEVICE_GRANT,
  statementsOf,
  type TestDatabase,
  testDatabase,
} from './harness.js';

describe.each(databaseKinds())('the storage of oidc-provider on %s', (kind) => {
  let database: TestDatabase;
  let server: AdapterServer;
  let authorizations: Authorizations;

  beforeAll(async () => {
    database = await testDatabase(kind);
    server = await database.server({ defaultAudience: 'https://api.example' });
    authorizations = new Authorizations(database, server);
  });

  afterAll(() => database.close());

  function clientCredentials(scope = 'read') {
    return server.post('/token', { ...authorizations.credentials(), grant_type: 'client_credentials', scope });
  }

  async function device(): Promise<{ deviceCode: string; userCode: string }> {
    const { body } = await server.post('/device/auth', { ...authorizations.credentials(), scope: 'openid read' });
    return { deviceCode: String(body.device_code), userCode: String(body.user_code).replace('-', '') };
  }

  test('the reader of the resource server reads what is issued, with client, user, scope and audience', async () => {
    const reader = createTokenReader(server.database, DEFAULT_TABLE_NAMES);
    const alone = await clientCredentials('read write');
    expect(await reader.read(sha256(String(alone.body.access_token)))).toMatchObject({
      clientId: database.clientId,
      userId: null,
      scope: 'read write',
      audience: ['https://api.example'],
      confirmation: undefined,
      revokedAtMilliseconds: null,
    });
    const { accessToken } = await authorizations.tokens('alice', 'read');
    expect(await reader.read(sha256(accessToken))).toMatchObject({ userId: 'alice', scope: 'read' });
  });

  test('a token that is bound to a key is stored with the thumbprint that the guards compare', async () => {
    const { ClientCredentials, Client } = server.provider;
    const client = await Client.find(database.clientId);
    const token = new ClientCredentials({ client: client as never, scope: 'read' } as never);
    const jkt = sha256(Buffer.from('a key').toString()).toString('base64url');
    token.setThumbprint('jkt', jkt);
    const value = await token.save();
    const reader = createTokenReader(server.database, DEFAULT_TABLE_NAMES);
    expect((await reader.read(sha256(value)))?.confirmation).toEqual({ jkt });
    expect((await ClientCredentials.find(value))?.jkt).toBe(jkt);
  });

  test('a client-credentials token costs one statement', async () => {
    await clientCredentials();
    expect(await statementsOf(server, clientCredentials)).toHaveLength(1);
  });

  test('introspection costs one statement for a token of an application, and two for one of a user', async () => {
    const alone = await clientCredentials();
    const { accessToken, refreshToken } = await authorizations.tokens();
    const costOf = async (token: string, hint?: Record<string, string>) =>
      (await statementsOf(server, () => authorizations.introspect(token, hint))).length;
    expect(await costOf(String(alone.body.access_token))).toBe(1);
    expect(await costOf(accessToken)).toBe(2);
    expect(await costOf(refreshToken, { token_type_hint: 'refresh_token' })).toBe(2);
    expect(await costOf('unknown')).toBe(2);
  });

  test('introspection shows what was issued, for each kind', async () => {
    const alone = await clientCredentials();
    expect(await authorizations.introspect(String(alone.body.access_token))).toMatchObject({
      active: true,
      client_id: database.clientId,
      scope: 'read',
      token_type: 'Bearer',
    });
    const { accessToken, refreshToken } = await authorizations.tokens();
    for (const token of [accessToken, refreshToken]) {
      expect(await authorizations.introspect(token)).toMatchObject({ active: true, sub: 'alice' });
    }
  });

  test('a token that was issued without the authorization server is introspected and revoked like one of its own', async () => {
    const value = randomBytes(32).toString('base64url');
    const now = Date.now();
    const application = await server.models.Application.query().findOne('client_id', database.clientId);
    await server.tokens.insertAccessToken({
      tokenHash: sha256(value),
      applicationId: application?.id,
      scope: 'read',
      createdAtMilliseconds: now,
      expiresAtMilliseconds: now + 60_000,
    });
    expect(await authorizations.introspect(value)).toMatchObject({ active: true, client_id: database.clientId });
    await server.post('/token/revocation', { ...authorizations.credentials(), token: value });
    expect(await authorizations.introspect(value)).toEqual({ active: false });
    expect(server.dropped).toContain(sha256Key(value));
  });

  test('a session is found by both identifiers, keeps everything, and is not brought back once it has ended', async () => {
    const { Session } = server.provider;
    const session = new Session();
    Object.assign(session, { accountId: 'alice', authorizations: { app: { grantId: 'g', sid: 's', more: 1 } } });
    await session.save(3600);
    const [byId, byUid] = [await Session.find(session.jti), await Session.findByUid(session.uid)];
    for (const found of [byId, byUid]) {
      expect(found).toMatchObject({ jti: session.jti, uid: session.uid, accountId: 'alice' });
      expect(found?.authorizations).toEqual({ app: { grantId: 'g', sid: 's', more: 1 } });
    }
    await session.destroy();
    // A request that had read the session before it ended saves it at its own end.
    await expect(byId?.save(3600)).rejects.toMatchObject({ error: 'login_required' });
    expect(await Session.find(session.jti)).toBeUndefined();
    expect(await Session.findByUid(session.uid)).toBeUndefined();
  });

  test('a session under an encryption key that was dropped is not a session, not an error', async () => {
    const { Session } = server.provider;
    const session = new Session();
    await session.save(3600);
    const rotated = await database.server({ encryptionKeys: [randomBytes(32)] });
    expect(await rotated.provider.Session.find(session.jti)).toBeUndefined();
  });

  test('[AS-39 §3.3] of several users who confirm one device code at once, exactly one goes on', async () => {
    const { userCode } = await device();
    const { DeviceCode } = server.provider;
    const found = await Promise.all(Array.from({ length: 8 }, () => DeviceCode.findByUserCode(userCode)));
    const claims = await Promise.allSettled(
      found.map((code) => Object.assign(code as object, { inFlight: true }) && code?.save()),
    );
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await DeviceCode.findByUserCode(userCode))?.inFlight).toBe(true);
  });

  test('[AS-39 §3.3] of several answers to one device code, the first holds', async () => {
    const { deviceCode } = await device();
    const { DeviceCode } = server.provider;
    const found = await Promise.all(Array.from({ length: 6 }, () => DeviceCode.find(deviceCode)));
    const answers = await Promise.allSettled(
      found.map(async (code, index) => {
        const answer = index % 2 === 0 ? { error: 'access_denied' } : { accountId: `user ${index}` };
        await Object.assign(code as NonNullable<typeof code>, answer).save();
        return index;
      }),
    );
    const held = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    expect(held).toHaveLength(1);
    const stored = await DeviceCode.find(deviceCode);
    if (Number(held[0]) % 2 === 0) expect(stored).toMatchObject({ error: 'access_denied' });
    else expect(stored?.accountId).toBe(`user ${held[0]}`);
  });

  test('[AS-39 §3.5] a device whose user refused gets that answer, however often it asks', async () => {
    const { deviceCode } = await device();
    const code = await server.provider.DeviceCode.find(deviceCode);
    await Object.assign(code as NonNullable<typeof code>, { error: 'access_denied' }).save();
    const form = { ...authorizations.credentials(), grant_type: DEVICE_GRANT, device_code: deviceCode };
    for (const { status, body } of [await server.post('/token', form), await server.post('/token', form)]) {
      expect({ status, error: body.error }).toEqual({ status: 400, error: 'access_denied' });
    }
  });

  test('a user code of a device code that has expired is free again', async () => {
    const { userCode, deviceCode } = await device();
    await server.models.DeviceCode.query()
      .where('device_code_hash', sha256(deviceCode))
      .patch({ expiresAtMilliseconds: 1 });
    const { DeviceCode, Client } = server.provider;
    const client = (await Client.find(database.clientId)) as never;
    const again = new DeviceCode({ client, userCode, params: {}, deviceInfo: {} } as never);
    await again.save();
    expect((await DeviceCode.findByUserCode(userCode))?.jti).toBe(again.jti);
  });

  test('a grant that was revoked is not found, and cannot be saved again', async () => {
    const id = await authorizations.grant();
    const { Grant } = server.provider;
    const grant = await Grant.find(id);
    await grant?.destroy();
    expect(await Grant.find(id)).toBeUndefined();
    await expect(grant?.save()).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('an application that was deleted and registered again under its name gets tokens as the new one', async () => {
    const applications = new ApplicationRepository(server.models);
    const { Client, ClientCredentials } = server.provider;
    const issue = async () => {
      const client = (await Client.find(database.other.clientId)) as never;
      return new ClientCredentials({ client, scope: 'read' } as never).save();
    };
    await issue();
    await applications.delete(database.other.clientId);
    await expect(issue()).rejects.toMatchObject({ error: 'invalid_client' });
    const { clientId } = database.other;
    const { application } = await applications.create({ name: 'again', grantTypes: ['client_credentials'], clientId });
    const row = await server.tokens.findAccessTokenByHash(sha256(await issue()));
    expect(row?.applicationId).toBe(application.id);
  });
});
