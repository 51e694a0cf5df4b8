import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, REDIRECT_URI } from '../../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };
const INITIAL = 'an-initial-access-token-of-a-test';

describe.each(['sqlite', 'mariadb'] as const)('applications that were changed or registered again (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  const failures: string[] = [];
  beforeAll(async () => {
    server = await startAuthorizationServer(kind, {
      logger: { info() {}, warn() {}, error: (message) => void failures.push(message) },
      options: {
        dynamicRegistration: {
          initialAccessToken: INITIAL,
          scopes: ['openid', 'offline_access', 'read', 'write', 'api'],
        },
      },
    });
  });
  beforeEach(() => void failures.splice(0));
  afterAll(() => server.close());

  const tokens = async (client: TestClient, scope = 'read') =>
    (await (await exchange(server, client, await codeFor(server, client, { scope }))).json()) as Record<string, string>;
  const introspect = async (client: TestClient, token = '') =>
    (await server.post('/oauth2/introspect', { token }, client)).json();

  test('an application that was deleted and registered again under its identifier is authorized as any other', async () => {
    const before = await server.register({ ...CODE, clientId: 'registered-anew' });
    expect(await tokens(before)).toHaveProperty('access_token');
    await server.oauth2.applications.delete(before.clientId);
    const after = await server.register({ ...CODE, clientId: 'registered-anew' });
    expect(await tokens(after)).toHaveProperty('access_token');
    expect(failures).toEqual([]);
  });

  test('[RFC 7591 §2] an application may name the scopes of OpenID Connect when it registers itself', async () => {
    const answer = await fetch(`${server.url}/oauth2/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${INITIAL}` },
      body: JSON.stringify({ client_name: 'Web', redirect_uris: [REDIRECT_URI], scope: 'openid read' }),
    });
    expect(answer.status).toBe(201);
    const { client_id, client_secret } = (await answer.json()) as Record<string, string>;
    const client = { clientId: String(client_id), clientSecret: String(client_secret) };
    expect(await tokens(client, 'openid read')).toMatchObject({ scope: 'openid read', id_token: expect.any(String) });
  });

  test('a scope that an application may not be given any more is gone from its next token', async () => {
    const client = await server.register({ ...CODE, scopes: ['read', 'write'] });
    const { refresh_token = '' } = await tokens(client, 'openid read write');
    await server.oauth2.applications.update(client.clientId, { scopes: ['read'] });
    const refreshed = await server.token({ grant_type: 'refresh_token', refresh_token }, client);
    expect(refreshed).toMatchObject({ scope: 'openid read' });
    expect(await introspect(client, String(refreshed.access_token))).toMatchObject({ scope: 'openid read' });
  });
});
