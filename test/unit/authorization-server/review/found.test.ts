import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, REDIRECT_URI } from '../../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';
import { UserAgent } from '../../../support/user-agent.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };
const INITIAL = 'an-initial-access-token-of-a-test';

describe.each(['sqlite', 'mariadb'] as const)('what a review has found (%s)', (kind) => {
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

  test('an application that was deleted and registered anew under its identifier is authorized as any other', async () => {
    const before = await server.register({ ...CODE, clientId: 'registered-anew' });
    expect(await tokens(before)).toHaveProperty('access_token');
    await server.oauth2.applications.delete(before.clientId);
    const after = await server.register({ ...CODE, clientId: 'registered-anew' });
    expect(await tokens(after)).toHaveProperty('access_token');
    expect(failures).toEqual([]);
  });

  test('a caller that breaks off within the body is no failure of the server', async () => {
    const { port } = new URL(server.url);
    await new Promise<void>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', reject);
      // What was promised does not come: the server answers that, or sees the end, but notes nothing.
      socket.end(
        'POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
          'Content-Length: 100\r\n\r\ngrant_type=',
      );
      socket.on('close', () => resolve());
      socket.resume();
    });
    // Answers come in the order of the requests: what was to be noted is noted.
    expect((await fetch(`${server.url}/oauth2/jwks`)).status).toBe(200);
    expect(failures).toEqual([]);
  });

  test('[AS-34 §2.1] a revocation that failed half-way is not taken for done when it is tried again', async () => {
    const client = await server.register(CODE);
    const { access_token, refresh_token = '' } = await tokens(client);
    const { knex } = server.oauth2;
    await knex.raw(
      kind === 'sqlite'
        ? "CREATE TRIGGER fails BEFORE UPDATE ON oauth2_server_records BEGIN SELECT RAISE(ABORT, 'fails'); END"
        : "CREATE TRIGGER fails BEFORE UPDATE ON oauth2_server_records FOR EACH ROW SIGNAL SQLSTATE '45000'",
    );
    const failed = await server.post('/oauth2/revoke', { token: refresh_token }, client);
    await knex.raw('DROP TRIGGER fails');
    expect(failed.status).toBeGreaterThanOrEqual(500);
    expect((await server.post('/oauth2/revoke', { token: refresh_token }, client)).status).toBe(200);
    expect(await introspect(client, access_token)).toEqual({ active: false });
    expect(await introspect(client, refresh_token)).toEqual({ active: false });
  });

  test('a sign-out that failed half-way is not taken for done when it is tried again', async () => {
    const client = await server.register(CODE);
    const agent = new UserAgent(server.url);
    const code = await codeFor(server, client, {}, agent);
    const { access_token } = (await (await exchange(server, client, code)).json()) as Record<string, string>;
    const logout = async () => (await agent.submit(await agent.get('/oauth2/logout'), { logout: 'yes' })).status;
    const { knex } = server.oauth2;
    const grant = "NEW.kind = 'Grant' AND NEW.revoked_at_ms IS NOT NULL";
    await knex.raw(
      kind === 'sqlite'
        ? `CREATE TRIGGER fails BEFORE UPDATE ON oauth2_server_records WHEN ${grant} BEGIN SELECT RAISE(ABORT, 'fails'); END`
        : `CREATE TRIGGER fails BEFORE UPDATE ON oauth2_server_records FOR EACH ROW IF ${grant} THEN SIGNAL SQLSTATE '45000'; END IF`,
    );
    const failed = await logout();
    await knex.raw('DROP TRIGGER fails');
    expect(failed).toBeGreaterThanOrEqual(500);
    expect(await logout()).toBe(200);
    expect(await introspect(client, access_token)).toEqual({ active: false });
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
