import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { databaseKinds } from '../../../support/services.js';
import {
  type AdapterServer,
  Authorizations,
  DEVICE_GRANT,
  type TestDatabase,
  testDatabase,
} from '../adapter/harness.js';

const TRIES = 50;

describe.each(databaseKinds())('exchanges on %s', (kind) => {
  let database: TestDatabase;
  let first: AdapterServer;
  let second: AdapterServer;
  let authorizations: Authorizations;

  beforeAll(async () => {
    database = await testDatabase(kind);
    first = await database.server();
    second = await database.server();
    authorizations = new Authorizations(database, first);
  });

  afterAll(() => database.close());

  /** Sends one form many times, to two servers that share the database. */
  async function everywhere(form: Record<string, string>, count = TRIES) {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) => (index % 2 === 0 ? first : second).post('/token', form)),
    );
    return { answers, granted: answers.filter(({ status }) => status === 200) };
  }

  test('[AS-26 §4.1.2] of fifty tries of one authorization code at two servers, exactly one succeeds', async () => {
    const { answers, granted } = await everywhere(authorizations.codeForm(await authorizations.code()));
    expect(granted).toHaveLength(1);
    for (const { status, body } of answers) {
      if (status !== 200) expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_grant' });
    }
  });

  test('[AS-26 §4.1.2] a second use of a code revokes what the first issued, also when both come at once', async () => {
    const form = authorizations.codeForm(await authorizations.code());
    const { granted } = await everywhere(form, 8);
    const [answer] = granted;
    expect(await authorizations.isActive(String(answer?.body.access_token))).toBe(false);
    expect(await authorizations.isActive(String(answer?.body.refresh_token))).toBe(false);
    const refreshed = await first.post('/token', authorizations.refreshForm(String(answer?.body.refresh_token)));
    expect(refreshed.body.error).toBe('invalid_grant');
  });

  test('[AS-39 §3.5] of fifty tries of one device code, exactly one succeeds', async () => {
    const device = await first.post('/device/auth', { ...authorizations.credentials(), scope: 'openid read' });
    const code = await first.provider.DeviceCode.find(String(device.body.device_code));
    if (code === undefined) throw new Error('The device code is not there.');
    Object.assign(code, { accountId: 'alice', grantId: await authorizations.grant(), scope: 'openid read' });
    await code.save();
    const { answers, granted } = await everywhere({
      ...authorizations.credentials(),
      grant_type: DEVICE_GRANT,
      device_code: String(device.body.device_code),
    });
    expect(granted).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(TRIES - 1);
  });

  test('[AS-31 §6] fifty concurrent refreshes with grace return one successor, which works', async () => {
    const { refreshToken } = await authorizations.tokens();
    const { granted } = await everywhere(authorizations.refreshForm(refreshToken));
    expect(granted).toHaveLength(TRIES);
    const successors = new Set(granted.map(({ body }) => body.refresh_token));
    expect(successors.size).toBe(1);
    const [successor] = [...successors];
    expect(successor).not.toBe(refreshToken);
    expect((await first.post('/token', authorizations.refreshForm(String(successor)))).status).toBe(200);
  });

  test('[AS-31 §6] of fifty concurrent refreshes without grace, exactly one succeeds', async () => {
    const strict = [await database.server({ graceSeconds: 0 }), await database.server({ graceSeconds: 0 })] as const;
    const { refreshToken } = await authorizations.tokens();
    const answers = await Promise.all(
      Array.from({ length: TRIES }, (_, index) =>
        (strict[index % 2] as AdapterServer).post('/token', authorizations.refreshForm(refreshToken)),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error === 'invalid_grant')).toHaveLength(TRIES - 1);
  });

  test('an identifier that must not come twice is new exactly once, at any number of servers', async () => {
    const later = Math.floor(Date.now() / 1000) + 60;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? first : second).provider.ReplayDetection.unique('issuer', `proof ${kind}`, later),
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  test('[AS-41 §4] of several uses of one pushed request, exactly one succeeds', async () => {
    const { PushedAuthorizationRequest } = first.provider;
    const id = await new PushedAuthorizationRequest({ request: 'e30.e30.' } as never).save(60);
    const uses = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, index) => {
        const found = await (index % 2 === 0 ? first : second).provider.PushedAuthorizationRequest.find(id);
        await found?.consume();
      }),
    );
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
