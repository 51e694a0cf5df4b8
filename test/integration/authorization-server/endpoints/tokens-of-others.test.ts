import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, REDIRECT_URI } from '../../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };
const INACTIVE = { active: false };

describe.each(['sqlite', 'mariadb'] as const)('introspection and revocation (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  let owner: TestClient;
  let other: TestClient;
  beforeAll(async () => {
    server = await startAuthorizationServer(kind);
    owner = await server.register(CODE);
    other = await server.register(CODE);
  });
  afterAll(() => server.close());

  const tokens = async (client = owner) =>
    (await (await exchange(server, client, await codeFor(server, client))).json()) as Record<string, string>;
  const introspect = async (token: string | undefined, client: TestClient) =>
    (await server.post('/oauth2/introspect', { token: token ?? '' }, client)).json();
  const revoke = (token: string | undefined, client: TestClient) =>
    server.post('/oauth2/revoke', { token: token ?? '' }, client);

  test('[AS-35 §2.2] an application introspects its own tokens', async () => {
    const { access_token, refresh_token } = await tokens();
    expect(await introspect(access_token, owner)).toMatchObject({
      active: true,
      client_id: owner.clientId,
      sub: 'alice',
      scope: 'read',
      token_type: 'Bearer',
      iss: server.url,
    });
    expect(await introspect(refresh_token, owner)).toMatchObject({ active: true, client_id: owner.clientId });
  });

  test('[AS-35 §2.2] everything else is exactly {"active": false}', async () => {
    const { access_token } = await tokens();
    expect(await introspect(access_token, other)).toEqual(INACTIVE);
    expect(await introspect('unknown', owner)).toEqual(INACTIVE);
    expect(await introspect('a.b.c', owner)).toEqual(INACTIVE);
    await revoke(access_token, owner);
    expect(await introspect(access_token, owner)).toEqual(INACTIVE);
  });

  test('[AS-35 §2.1] an application with the permission introspects those of others, by the flag or by the scope', async () => {
    const { access_token } = await tokens();
    const byFlag = await server.register({ mayIntrospect: true });
    const byScope = await server.register({ scopes: ['introspection'] });
    const byNothing = await server.register();
    expect(await introspect(access_token, byFlag)).toMatchObject({ active: true, client_id: owner.clientId });
    expect(await introspect(access_token, byScope)).toMatchObject({ active: true });
    expect(await introspect(access_token, byNothing)).toEqual(INACTIVE);
  });

  test('[AS-35 §2.1] a caller that is not authenticated learns nothing', async () => {
    const { access_token } = await tokens();
    const answer = await server.post('/oauth2/introspect', { token: access_token as string });
    expect([answer.status, JSON.stringify(await answer.json()).includes('active')]).toEqual([400, false]);
    const wrong = await server.post(
      '/oauth2/introspect',
      { token: access_token as string },
      { ...owner, clientSecret: 'x' },
    );
    expect(wrong.status).toBe(401);
  });

  test('a token of a user or an application that may not act any more is inactive', async () => {
    const introspector = await server.register({ mayIntrospect: true });
    const { access_token } = await tokens();
    const alice = server.users.get('alice');
    if (alice === undefined) throw new Error('There is no alice.');
    alice.active = false;
    expect(await introspect(access_token, owner)).toEqual(INACTIVE);
    alice.active = true;
    expect(await introspect(access_token, owner)).toMatchObject({ active: true });
    const leaving = await server.register(CODE);
    const left = await tokens(leaving);
    await server.oauth2.applications.disable(leaving.clientId);
    expect(await introspect(left.access_token, introspector)).toEqual(INACTIVE);
  });

  test('answers alike from the cache and from oidc-provider', async () => {
    const { access_token } = await tokens();
    const fromCache = await introspect(access_token, owner);
    // One that is said to be a refresh token is not looked for in the cache.
    const form = { token: access_token as string, token_type_hint: 'refresh_token' };
    const fromProvider = await server.post('/oauth2/introspect', form, owner);
    expect(await fromProvider.json()).toEqual(fromCache);
  });

  test('[AS-34 §2.1] an application revokes its own tokens only', async () => {
    const { access_token, refresh_token } = await tokens();
    for (const token of [access_token, refresh_token]) {
      const answer = await revoke(token, other);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        expect.objectContaining({ error: 'unauthorized_client' }),
      ]);
      expect(await introspect(token, owner)).toMatchObject({ active: true });
    }
  });

  test('[AS-34 §2.2] an unknown token is 200', async () => {
    for (const token of ['unknown', 'a.b.c', 'x'.repeat(500)]) expect((await revoke(token, owner)).status).toBe(200);
    expect((await server.post('/oauth2/revoke', { token: 'x', token_type_hint: 'nonsense' }, owner)).status).toBe(200);
  });

  test('[AS-34 §2.1] a revoked refresh token takes its access token with it, and is reported as an event without a token', async () => {
    const events: unknown[] = [];
    const stop = server.oauth2.events.on('token.revoked', (event) => events.push(event));
    const { access_token, refresh_token } = await tokens();
    expect((await revoke(refresh_token, owner)).status).toBe(200);
    stop();
    expect(await introspect(access_token, owner)).toEqual(INACTIVE);
    expect(
      await server.token({ grant_type: 'refresh_token', refresh_token: refresh_token as string }, owner),
    ).toMatchObject({
      error: 'invalid_grant',
    });
    expect(events).toEqual([
      {
        clientId: owner.clientId,
        userId: 'alice',
        token: 'refresh_token',
        familyId: expect.stringMatching(/^[\w-]{22}$/),
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(String(refresh_token));
  });
});
