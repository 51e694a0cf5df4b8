import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Interaction as InteractionModel } from 'oidc-provider';
import { DEFAULT_TABLE_NAMES } from '../../../../src/storage/index.js';
import { databaseKinds } from '../../../support/services.js';
import { type AdapterServer, Authorizations, DEVICE_GRANT, type TestDatabase, testDatabase } from './harness.js';

/** Ids by which oidc-provider finds things again; each is worth something to whoever reads it. */
type Secrets = Record<string, string>;

describe.each(databaseKinds())('at rest on %s', (kind) => {
  let database: TestDatabase;
  let server: AdapterServer;

  beforeAll(async () => {
    database = await testDatabase(kind);
    server = await database.server();
  });

  afterAll(() => database.close());

  async function allFlows(): Promise<Secrets> {
    const { provider } = server;
    const authorizations = new Authorizations(database, server);
    const secrets: Secrets = { clientSecret: database.clientSecret };

    const session = new provider.Session();
    Object.assign(session, { accountId: 'alice', loginTs: 1, state: { secret: 'xsrf-0123456789-abcdefghij' } });
    await session.save(3600);
    Object.assign(secrets, { cookie: session.jti, uid: session.uid, csrf: 'xsrf-0123456789-abcdefghij' });

    const deviceAnswer = await server.post('/device/auth', { ...authorizations.credentials(), scope: 'openid read' });
    const { device_code: deviceCode, user_code: userCode } = deviceAnswer.body as Record<string, string>;
    Object.assign(secrets, { deviceCode, userCode, plainUserCode: String(userCode).replace('-', '') });

    const pushed = await new provider.PushedAuthorizationRequest({ request: 'e30.e30.' } as never).save(60);
    Object.assign(secrets, { pushed });

    const Interaction = provider.Interaction as unknown as new (uid: string, payload: object) => InteractionModel;
    const interaction = new Interaction('uid-of-interaction-0123456789abcdef', {
      returnTo: 'https://as.example/authorize/uid-of-interaction-0123456789abcdef',
      prompt: { name: 'consent', reasons: [], details: {} },
      params: { client_id: database.clientId, login_hint: 'somebody@private.example' },
      session,
      deviceCode,
      parJti: pushed,
    });
    await interaction.save(600);
    Object.assign(secrets, { interaction: interaction.jti, loginHint: 'somebody@private.example' });

    const code = await authorizations.code();
    const unused = await authorizations.code();
    const codeAnswer = await server.post('/token', authorizations.codeForm(code));
    const refreshed = await server.post('/token', authorizations.refreshForm(String(codeAnswer.body.refresh_token)));
    const alone = await server.post('/token', {
      ...authorizations.credentials(),
      grant_type: 'client_credentials',
      scope: 'read',
    });
    const found = await provider.DeviceCode.findByUserCode(String(userCode).replace('-', ''));
    Object.assign(found as object, { inFlight: true });
    await found?.save();
    const claimed = await provider.DeviceCode.find(String(deviceCode));
    Object.assign(claimed as object, {
      accountId: 'alice',
      grantId: await authorizations.grant(),
      scope: 'openid read',
      sessionUid: session.uid,
      expiresWithSession: true,
    });
    session.authorizations = { [database.clientId]: { grantId: String(claimed?.grantId) } };
    await session.save(3600);
    await claimed?.save();
    const device = await server.post('/token', {
      ...authorizations.credentials(),
      grant_type: DEVICE_GRANT,
      device_code: String(deviceCode),
    });
    await provider.ReplayDetection.unique('issuer', 'jti-of-a-proof-0123456789', 9_999_999_999);
    for (const [name, { status, body }] of Object.entries({ codeAnswer, refreshed, alone, device })) {
      if (status !== 200) throw new Error(`${name} was refused: ${JSON.stringify(body)}`);
      secrets[`${name} access`] = String(body.access_token);
      if (body.refresh_token !== undefined) secrets[`${name} refresh`] = String(body.refresh_token);
      if (body.id_token !== undefined) secrets[`${name} id`] = String(body.id_token);
    }
    return { ...secrets, code, unused, replay: 'jti-of-a-proof-0123456789' };
  }

  test('[AS-37 §5.1.4.1.3] after all flows, no column of any table holds a token, a code or an identifier in plain text', async () => {
    const secrets = await allFlows();
    expect(Object.keys(secrets).length).toBeGreaterThan(18);
    const forms = Object.entries(secrets).flatMap(([name, secret]) => [
      [name, secret] as const,
      [`${name} in hex`, Buffer.from(secret).toString('hex')] as const,
      [`${name} in base64`, Buffer.from(secret).toString('base64').replace(/=+$/, '')] as const,
      [`${name} in base64url`, Buffer.from(secret).toString('base64url')] as const,
    ]);
    const cells: string[] = [];
    for (const table of Object.values(DEFAULT_TABLE_NAMES)) {
      for (const row of await server.database.knex(table).select('*')) {
        for (const [column, cell] of Object.entries(row as Record<string, unknown>)) {
          const texts = Buffer.isBuffer(cell) ? [cell.toString('latin1'), cell.toString('base64url')] : [String(cell)];
          cells.push(`${table}.${column}`);
          for (const text of texts) {
            const clear = forms
              .filter(([, form]) => text.includes(form))
              .map(([name]) => `${name} in ${table}.${column}`);
            expect(clear).toEqual([]);
            // Bytes of a value that is itself base64url are the value too.
            if (!Buffer.isBuffer(cell)) continue;
            for (const secret of Object.values(secrets))
              expect(cell.equals(Buffer.from(secret, 'base64url'))).toBe(false);
          }
        }
      }
    }
    for (const table of ['server_records', 'access_tokens', 'refresh_tokens', 'authorization_codes', 'device_codes']) {
      expect(cells.some((cell) => cell.startsWith(`oauth2_${table}.`))).toBe(true);
    }
  });
});
