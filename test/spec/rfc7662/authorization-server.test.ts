import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

describe.each(STACKS)('the introspection endpoint, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let machine: TestClient;
  let resourceServer: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
    machine = await suite.server.register();
    resourceServer = await suite.server.register({ mayIntrospect: true });
  });

  function expectInactive(answer: Answer): void {
    expect([answer.status, answer.text]).toEqual([200, '{"active":false}']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }

  test('[AS-35 §2.2] an access token of a user: scope, application, user, times in seconds', async () => {
    const { access_token } = await suite.tokens(client, { scope: 'read write' });
    const answer = await suite.introspect(client, access_token);
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        active: true,
        scope: 'read write',
        client_id: client.clientId,
        token_type: 'Bearer',
        sub: 'alice',
        iss: suite.url,
        auth_time: expect.any(Number),
        iat: expect.any(Number),
        exp: expect.any(Number),
      },
    ]);
    const { iat, exp } = answer.body as { iat: number; exp: number };
    expect(exp - iat).toBe(3600);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('[AS-35 §2.2] a client-credentials token has no user', async () => {
    const answer = await suite.introspect(machine, await suite.ownToken(machine));
    expect(answer.body).toMatchObject({
      active: true,
      client_id: machine.clientId,
      scope: 'read',
      token_type: 'Bearer',
    });
    expect(answer.body).not.toHaveProperty('sub');
  });

  test('[AS-35 §2.2] a refresh token is no bearer token', async () => {
    const { refresh_token } = await suite.tokens(client);
    const answer = await suite.introspect(client, refresh_token);
    expect(answer.body).toMatchObject({ active: true, client_id: client.clientId, sub: 'alice' });
    expect(answer.body.token_type).not.toBe('Bearer');
  });

  test('[AS-35 §2.2] unknown, revoked, expired and rotated tokens are exactly {"active": false}', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    const second = (await suite.refresh(client, refresh_token)).body;
    await suite.refresh(client, String(second.refresh_token));
    expectInactive(await suite.introspect(client, refresh_token));
    await suite.revoke(client, access_token);
    for (const token of [access_token, 'unknown', 'a.b.c', 'x'.repeat(5000), "' OR 1=1 --", 'ä', '%00', '{}']) {
      for (const by of [client, resourceServer]) expectInactive(await suite.introspect(by, token));
    }
    const expiring = await suite.ownToken(machine);
    suite.clock.offsetSeconds = 3601;
    expectInactive(await suite.introspect(machine, expiring));
    suite.clock.offsetSeconds = 0;
  });

  test('[AS-35 §2.1] the hint is a hint only', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    for (const hint of ['access_token', 'refresh_token', 'id_token', 'nonsense']) {
      for (const token of [access_token, refresh_token]) {
        const answer = await suite.introspect(client, token, { token_type_hint: hint });
        expect([hint, answer.body.active]).toEqual([hint, true]);
      }
    }
  });

  test('[AS-35 §2.1] tokens of others: with the permission only, by the flag or by the scope', async () => {
    const { access_token, refresh_token } = await suite.tokens(client);
    const byScope = await suite.server.register({ scopes: ['introspection'] });
    const without = await suite.server.register({ scopes: ['read', 'write'] });
    for (const by of [resourceServer, byScope]) {
      expect((await suite.introspect(by, access_token)).body).toMatchObject({
        active: true,
        client_id: client.clientId,
        sub: 'alice',
      });
    }
    for (const by of [machine, without]) {
      for (const token of [access_token, refresh_token]) expectInactive(await suite.introspect(by, token));
    }
  });

  test('[AS-35 §2.1] an application that was registered without a list of scopes has no permission by that', async () => {
    const { access_token } = await suite.tokens(client);
    const any = await suite.server.register({ scopes: null });
    expectInactive(await suite.introspect(any, access_token));
  });

  test('[AS-35 §2.1] a caller who is not authenticated learns nothing', async () => {
    const { access_token } = await suite.tokens(client);
    const open = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    const wrong = await suite.introspect({ ...client, clientSecret: 'wrong' }, access_token);
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
    expectError(await suite.post('/oauth2/introspect', { token: access_token }), 400, 'invalid_request');
    expect((await suite.introspect(open, access_token)).body).not.toMatchObject({ active: true });
    const byToken = await suite.send('/oauth2/introspect', {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}` },
      body: new URLSearchParams({ token: access_token }),
    });
    expect([400, 401]).toContain(byToken.status);
    expect(byToken.body).not.toHaveProperty('active');
  });

  test('[AS-35 RS-17 §2.2] a token of a user, or an application, that may not act is inactive', async () => {
    const { access_token } = await suite.tokens(client, {}, { user: 'bob' });
    const bob = suite.server.users.get('bob') as { active: boolean };
    expect(await suite.isActive(client, access_token)).toBe(true);
    bob.active = false;
    // What is cached of a token is trusted for one second.
    suite.clock.offsetSeconds += 2;
    for (const by of [client, resourceServer]) expectInactive(await suite.introspect(by, access_token));
    bob.active = true;
    expect(await suite.isActive(resourceServer, access_token)).toBe(true);
    const leaving = await suite.server.register();
    const token = await suite.ownToken(leaving);
    await suite.server.oauth2.applications.disable(leaving.clientId);
    expectInactive(await suite.introspect(resourceServer, token));
  });

  test('[§2.1] a request without a token is invalid_request; GET is 405', async () => {
    expectError(await suite.post('/oauth2/introspect', {}, client), 400, 'invalid_request');
    expect((await suite.send('/oauth2/introspect?token=x')).status).toBe(405);
  });
});
