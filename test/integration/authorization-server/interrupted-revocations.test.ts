import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeFor, exchange, REDIRECT_URI } from '../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../support/authorization-server.js';
import { UserAgent } from '../../support/user-agent.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };

describe.each(['sqlite', 'mariadb'] as const)('revocations that fail half-way (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  beforeAll(async () => {
    server = await startAuthorizationServer(kind);
  });
  afterAll(() => server.close());

  const tokens = async (client: TestClient, scope = 'read') =>
    (await (await exchange(server, client, await codeFor(server, client, { scope }))).json()) as Record<string, string>;
  const introspect = async (client: TestClient, token = '') =>
    (await server.post('/oauth2/introspect', { token }, client)).json();

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
});
