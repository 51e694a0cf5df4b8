import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf } from '../../support/user-agent.js';

const AFTER_LOGOUT = 'https://app.example.com/goodbye';

describe.each(STACKS)('OpenID Connect, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { claims: (user) => ({ email: `${(user as { id: string }).id}@example.com`, sub: 'somebody else' }) },
    oauth2: { scopes: { read: 'Read', email: 'Your address' } },
  });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, postLogoutRedirectUris: [AFTER_LOGOUT] });
  });

  const keys = async () => createLocalJWKSet((await suite.send('/oauth2/jwks')).body as never);
  const userinfo = (token: string, init: RequestInit = {}) =>
    suite.send('/oauth2/userinfo', { ...init, headers: { authorization: `Bearer ${token}` } });

  test('[OpenID Core §2, §3.1.3.6] the ID token is signed by a published key, for this client, nonce and token', async () => {
    const tokens = await suite.tokens(client, { scope: 'openid read', nonce: 'a nonce' });
    const idToken = tokens.id_token as string;
    const { payload } = await jwtVerify(idToken, await keys(), { issuer: suite.url, audience: client.clientId });
    expect(payload).toMatchObject({ sub: 'alice', nonce: 'a nonce', iat: expect.any(Number), exp: expect.any(Number) });
    expect(['RS256', 'ES256']).toContain(decodeProtectedHeader(idToken).alg);
    if (payload.at_hash !== undefined) {
      const hash = createHash('sha256').update(tokens.access_token).digest();
      expect(payload.at_hash).toBe(hash.subarray(0, hash.length / 2).toString('base64url'));
    }
  });

  test('[OpenID Core §3.1.2.1] without the scope openid there is no ID token, and userinfo is refused', async () => {
    const tokens = await suite.tokens(client, { scope: 'read' });
    expect(tokens).not.toHaveProperty('id_token');
    expect((await userinfo(tokens.access_token)).status).toBe(403);
  });

  test('[OpenID Core §5.3] userinfo: the subject, and the claims of the scopes that were granted', async () => {
    const plain = await suite.tokens(client, { scope: 'openid' });
    expect((await userinfo(plain.access_token)).body).toEqual({ sub: 'alice' });
    const withEmail = await suite.tokens(client, { scope: 'openid email' }, { user: 'bob' });
    const { body, headers } = await userinfo(withEmail.access_token, { method: 'POST' });
    expect(body).toEqual({ sub: 'bob', email: 'bob@example.com' });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('[OpenID Core §5.3.3, RFC 6750 §3] userinfo without a valid token is 401 with a challenge', async () => {
    const machine = await suite.server.register();
    const { access_token } = await suite.tokens(client, { scope: 'openid' });
    await suite.revoke(client, access_token);
    for (const token of ['unknown', access_token, await suite.ownToken(machine)]) {
      const answer = await userinfo(token);
      expect([401, 403]).toContain(answer.status);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(answer.body).not.toHaveProperty('sub');
    }
    const inQuery = await suite.tokens(client, { scope: 'openid' });
    const answer = await suite.send(`/oauth2/userinfo?access_token=${inQuery.access_token}`);
    expect([400, 401]).toContain(answer.status);
  });

  test('[OpenID Core §3.1.2.1] prompt=none never shows a page', async () => {
    expect(responseOf(await suite.ask(client, { prompt: 'none', scope: 'openid' })).get('error')).toBe(
      'login_required',
    );
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    await authorize(agent, authorization(client));
    const none = (by: TestClient) =>
      agent.get(`/oauth2/authorize?${authorization(by, { prompt: 'none', scope: 'openid read' }).query}`);
    expect(responseOf(await none(fresh)).get('error')).toBe('consent_required');
    await authorize(agent, authorization(fresh, { scope: 'openid read' }));
    expect(responseOf(await none(fresh)).get('code')).not.toBeNull();
  });

  test('[OpenID Core §3.1.2.1] prompt=none with another prompt is invalid_request', async () => {
    const response = responseOf(await suite.ask(client, { prompt: 'none login', scope: 'openid' }));
    expect(response.get('error')).toBe('invalid_request');
  });

  test.each<Readonly<Record<string, string>>>([{ prompt: 'login' }, { max_age: '0' }, { max_age: '60' }])(
    '[OpenID Core §3.1.2.1] %j makes the user sign in again, and auth_time is when he did',
    async (parameters) => {
      const agent = suite.agent();
      await authorize(agent, authorization(client, { scope: 'openid' }));
      suite.clock.offsetSeconds += 100;
      const request = authorization(client, { scope: 'openid', ...parameters });
      const visit = await agent.get(`/oauth2/authorize?${request.query}`);
      expect(visit.body).toContain('name="password"');
      // Looking at the page again is not signing in.
      expect((await agent.get(visit.url)).body).toContain('name="password"');
      const code = responseOf(await agent.submit(visit, { username: 'alice', password: 'ecila' })).get('code') ?? '';
      const { body } = await suite.exchange(client, { code, verifier: request.verifier });
      const { auth_time } = decodeJwt(String(body.id_token));
      expect(Math.abs(Number(auth_time) - suite.clock.nowMilliseconds() / 1000)).toBeLessThan(10);
      suite.clock.offsetSeconds = 0;
    },
  );

  test('[OpenID Core §3.1.2.1] max_age: who has signed in recently enough is not asked again', async () => {
    const agent = suite.agent();
    await authorize(agent, authorization(client, { scope: 'openid' }));
    const { query } = authorization(client, { scope: 'openid', max_age: '60' });
    expect(responseOf(await agent.get(`/oauth2/authorize?${query}`)).get('code')).not.toBeNull();
  });

  test('[OpenID Core §3.1.2.1] a user who signs in and is not whom id_token_hint names gets nothing: login_required', async () => {
    const { id_token: hint = '' } = await suite.tokens(client, { scope: 'openid' });
    const ask = (user: string) =>
      authorize(suite.agent(), authorization(client, { scope: 'openid', id_token_hint: hint }), { user });
    expect(responseOf(await ask('bob')).get('error')).toBe('login_required');
    expect(responseOf(await ask('alice')).get('code')).not.toBeNull();
  });

  test.each(['a.b.c', 'nonsense', ''])(
    '[OpenID Logout §2] a hint of %j, or an address that is not registered, sends nobody away',
    async (hint) => {
      for (const uri of ['https://evil.example/', `${AFTER_LOGOUT}?x`, 'javascript:alert(1)']) {
        const query = new URLSearchParams({
          post_logout_redirect_uri: uri,
          client_id: client.clientId,
          ...(hint !== '' && { id_token_hint: hint }),
        });
        const visit = await suite.agent().get(`/oauth2/logout?${query}`);
        expect([uri, visit.status, visit.headers.get('location')]).toEqual([uri, 400, null]);
      }
    },
  );

  test('[OpenID Logout §2, §3] signing out asks, ends the session, and leads to a registered address with its state', async () => {
    const agent = suite.agent();
    const tokens = await suite.tokens(client, { scope: 'openid read' }, { agent });
    const query = new URLSearchParams({
      id_token_hint: tokens.id_token as string,
      post_logout_redirect_uri: AFTER_LOGOUT,
      state: 'a state',
    });
    const page = await agent.get(`/oauth2/logout?${query}`);
    expect(page.body).toContain('name="logout"');
    const done = await agent.submit(page, { logout: 'yes' });
    expect(targetOf(done).href).toBe(`${AFTER_LOGOUT}?state=a+state`);
    const again = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`);
    expect(responseOf(again).get('error')).toBe('login_required');
    // What was granted in the session ends with it.
    expect(await suite.isActive(client, tokens.access_token)).toBe(false);
  });

  test('[OpenID Logout §2] the page that asks names where signing out leads, and nothing where it leads nowhere', async () => {
    const agent = suite.agent();
    await suite.tokens(client, { scope: 'openid' }, { agent });
    const query = new URLSearchParams({ client_id: client.clientId, post_logout_redirect_uri: AFTER_LOGOUT });
    const leading = await agent.get(`/oauth2/logout?${query}`);
    expect(leading.body).toContain(`sent on to <bdi class="value">${new URL(AFTER_LOGOUT).host}</bdi>`);
    expect((await agent.get('/oauth2/logout')).body).not.toContain('sent on to');
  });

  test('[OpenID Core §11] offline_access stays when the user signs out', async () => {
    const agent = suite.agent();
    const tokens = await suite.tokens(client, { scope: 'openid offline_access', prompt: 'consent' }, { agent });
    expect(tokens.scope.split(' ')).toContain('offline_access');
    await agent.submit(await agent.get('/oauth2/logout'), { logout: 'yes' });
    expect(await suite.isActive(client, tokens.access_token)).toBe(true);
    expect((await suite.refresh(client, tokens.refresh_token)).status).toBe(200);
  });
});
