import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  authorization,
  authorize,
  codeFor,
  exchange,
  REDIRECT_URI,
  responseOf,
} from '../../../support/authorization.js';
import {
  type RunningAuthorizationServer,
  startAuthorizationServer,
  type TestClient,
} from '../../../support/authorization-server.js';
import { UserAgent } from '../../../support/user-agent.js';

const CODE = { grantTypes: ['authorization_code', 'refresh_token'], redirectUris: [REDIRECT_URI] };

describe.each(['sqlite', 'mariadb'] as const)('sign-in, consent and sign-out (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  let client: TestClient;
  const granted: unknown[] = [];
  const withdrawn: unknown[] = [];
  beforeAll(async () => {
    server = await startAuthorizationServer(kind);
    client = await server.register(CODE);
    server.oauth2.events.on('consent.granted', (event) => granted.push(event));
    server.oauth2.events.on('consent.withdrawn', (event) => withdrawn.push(event));
  });
  afterAll(() => server.close());

  const ask = (agent: UserAgent, parameters: Record<string, string | undefined> = {}, by = client) =>
    agent.get(`/oauth2/authorize?${authorization(by, parameters).query}`);
  const isLogin = (body: string) => body.includes('name="password"');
  const isConsent = (body: string) => body.includes('name="decision"') && !isLogin(body);
  const active = async (token: string | undefined, by = client) =>
    ((await (await server.post('/oauth2/introspect', { token: token ?? '' }, by)).json()) as { active: boolean })
      .active;
  async function tokens(agent = new UserAgent(server.url), parameters = {}, by = client) {
    const code = await codeFor(server, by, parameters, agent);
    return (await (await exchange(server, by, code)).json()) as Record<string, string>;
  }

  test('[AS-29 §2] success and error carry the issuer, and the state as it came', async () => {
    const agent = new UserAgent(server.url);
    const state = 'ä & = # %41';
    const success = responseOf(await authorize(agent, authorization(client, { state })));
    expect([success.get('iss'), success.get('state')]).toEqual([server.url, state]);
    const fresh = await server.register(CODE);
    const error = responseOf(await authorize(agent, authorization(fresh, { state }), { decision: 'deny' }));
    expect(Object.fromEntries(error)).toMatchObject({ error: 'access_denied', iss: server.url, state });
  });

  test('[AS-27 §4.4.1] a request without PKCE, or with the method plain, is refused, whatever the application', async () => {
    const open = await server.register({ ...CODE, clientType: 'public' });
    for (const one of [client, open]) {
      for (const parameters of [
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_challenge_method: 'plain' },
        { code_challenge_method: undefined },
      ]) {
        const response = responseOf(await ask(new UserAgent(server.url), parameters, one));
        expect([parameters, response.get('error')]).toEqual([parameters, 'invalid_request']);
      }
    }
  });

  test('[AS-27 §4.6] a code is worth nothing without its verifier', async () => {
    const code = await codeFor(server, client);
    for (const verifier of ['x'.repeat(43), 'short']) {
      const answer = await exchange(server, client, { ...code, verifier });
      expect(await answer.json()).toMatchObject({
        error: /short/.test(verifier) ? 'invalid_request' : 'invalid_grant',
      });
    }
    expect((await exchange(server, client, code)).status).toBe(200);
  });

  test('[AS-25 §4.11.2] nothing redirects before application and redirect URI are known to be right', async () => {
    for (const parameters of [
      { client_id: 'nobody', prompt: 'none' },
      { redirect_uri: 'https://evil.example/', prompt: 'none' },
      { redirect_uri: `${REDIRECT_URI}?x`, scope: 'nope' },
      { client_id: undefined },
      { redirect_uri: 'javascript:alert(1)' },
      { redirect_uri: 'not a uri', response_type: 'token' },
    ]) {
      const visit = await ask(new UserAgent(server.url), parameters);
      expect([parameters, visit.status, visit.headers.get('location')]).toEqual([parameters, 400, null]);
      expect(visit.headers.get('cache-control')).toBe('no-store');
    }
  });

  test('a consent is remembered, reported as an event, and asked for again only for more', async () => {
    const fresh = await server.register(CODE);
    const agent = new UserAgent(server.url);
    await authorize(agent, authorization(fresh, { scope: 'read' }));
    expect(granted).toContainEqual({ clientId: fresh.clientId, userId: 'alice', scopes: ['read'] });
    expect(responseOf(await ask(agent, { scope: 'read' }, fresh)).get('code')).toMatch(/^[\w-]{43}$/);
    const more = await ask(agent, { scope: 'read write' }, fresh);
    expect(isConsent(more.body)).toBe(true);
    expect(more.body).toContain('Change your books');
    expect(more.body).not.toContain('Read your books');
    const response = responseOf(await agent.submit(more, { decision: 'allow' }));
    expect(response.get('code')).not.toBeNull();
    expect(responseOf(await ask(new UserAgent(server.url), { prompt: 'none' }, fresh)).get('error')).toBe(
      'login_required',
    );
    expect(responseOf(await ask(agent, { scope: 'api', prompt: 'none' }, fresh)).get('error')).toBe('consent_required');
  });

  test('prompt=consent asks again, prompt=login makes sign in again', async () => {
    const agent = new UserAgent(server.url);
    await authorize(agent, authorization(client));
    expect(isConsent((await ask(agent, { prompt: 'consent' })).body)).toBe(true);
    const login = await ask(agent, { prompt: 'login' });
    expect(isLogin(login.body)).toBe(true);
    const visit = await agent.submit(login, { username: 'alice', password: 'ecila' });
    expect(responseOf(visit).get('code')).not.toBeNull();
  });

  test('an application that skips the question never asks it', async () => {
    const skipping = await server.register({ ...CODE, skipAuthorization: true });
    const agent = new UserAgent(server.url);
    const login = await ask(agent, {}, skipping);
    const visit = await agent.submit(login, { username: 'bob', password: 'bob' });
    expect(responseOf(visit).get('code')).not.toBeNull();
  });

  test('another user who signs in at the same browser starts again: nothing of the first goes on', async () => {
    const agent = new UserAgent(server.url);
    const ofAlice = await tokens(agent);
    expect(await active(ofAlice.access_token)).toBe(true);
    const login = await ask(agent, { prompt: 'login' });
    const consent = await agent.submit(login, { username: 'carol', password: 'lorac' });
    expect(isConsent(consent.body)).toBe(true);
    expect(responseOf(await agent.submit(consent, { decision: 'allow' })).get('code')).not.toBeNull();
    expect(await active(ofAlice.access_token)).toBe(false);
  });

  test('a user who was disabled gets nothing: no code, no refresh, and no error of the server', async () => {
    const agent = new UserAgent(server.url);
    const before = await tokens(agent);
    const alice = server.users.get('alice');
    if (alice === undefined) throw new Error('There is no alice.');
    alice.active = false;
    try {
      const visit = await ask(agent);
      expect([visit.status, isLogin(visit.body)]).toEqual([200, true]);
      expect(responseOf(await ask(agent, { prompt: 'none' })).get('error')).toBe('login_required');
      const again = await agent.submit(visit, { username: 'alice', password: 'ecila' });
      expect(isLogin(again.body)).toBe(true);
      const refresh = { grant_type: 'refresh_token', refresh_token: before.refresh_token as string };
      expect(await server.token(refresh, client)).toMatchObject({ error: 'invalid_grant' });
    } finally {
      alice.active = true;
    }
  });

  test('signing out ends the session and what was granted in it, but for offline_access', async () => {
    const agent = new UserAgent(server.url);
    const bound = await tokens(agent, { scope: 'openid read' });
    const offline = await tokens(agent, { scope: 'openid offline_access read', prompt: 'consent' });
    expect(offline.scope).toContain('offline_access');
    const page = await agent.get('/oauth2/logout');
    const done = await agent.submit(page, { logout: 'yes' });
    expect(done.status).toBe(200);
    expect(isLogin((await ask(agent)).body)).toBe(true);
    expect(await active(bound.access_token)).toBe(false);
    expect(
      await server.token({ grant_type: 'refresh_token', refresh_token: bound.refresh_token as string }, client),
    ).toMatchObject({
      error: 'invalid_grant',
    });
    expect(await active(offline.access_token)).toBe(true);
  });

  test('a consent that is withdrawn takes every token of the user at the application with it, codes too', async () => {
    const fresh = await server.register(CODE);
    const [one, two] = [await tokens(undefined, {}, fresh), await tokens(undefined, {}, fresh)];
    const code = await codeFor(server, fresh);
    const consents = server.oauth2.authorizationServer?.consents;
    expect(await consents?.list('alice')).toContainEqual(
      expect.objectContaining({ application: expect.objectContaining({ clientId: fresh.clientId }), scopes: ['read'] }),
    );
    expect(await consents?.withdraw('alice', fresh.clientId)).toBe(true);
    expect(await consents?.withdraw('alice', fresh.clientId)).toBe(false);
    expect(withdrawn).toEqual([{ userId: 'alice', clientId: fresh.clientId, scopes: ['read'] }]);
    for (const { access_token } of [one, two]) expect(await active(access_token, fresh)).toBe(false);
    expect(await (await exchange(server, fresh, code)).json()).toMatchObject({ error: 'invalid_grant' });
    expect(
      await server.token({ grant_type: 'refresh_token', refresh_token: two.refresh_token as string }, fresh),
    ).toMatchObject({
      error: 'invalid_grant',
    });
  });

  test('[AS-26 §4.1.2] a code belongs to its application and its redirect URI', async () => {
    const other = await server.register({ ...CODE, redirectUris: [REDIRECT_URI, 'https://app.example.com/other'] });
    const code = await codeFor(server, client);
    expect(await (await exchange(server, other, code)).json()).toMatchObject({ error: 'invalid_grant' });
    const own = await codeFor(server, other);
    const redirected = await exchange(server, other, own, { redirect_uri: 'https://app.example.com/other' });
    expect(await redirected.json()).toMatchObject({ error: 'invalid_grant' });
  });

  test('[AS-26 §4.1.2] a second use of a code revokes what the first one issued, and is reported as an event', async () => {
    const events: unknown[] = [];
    const stop = server.oauth2.events.on('code.replayed', (event) => events.push(event));
    const code = await codeFor(server, client);
    const first = (await (await exchange(server, client, code)).json()) as Record<string, string>;
    expect(await active(first.access_token)).toBe(true);
    expect(await (await exchange(server, client, code)).json()).toMatchObject({ error: 'invalid_grant' });
    stop();
    expect(await active(first.access_token)).toBe(false);
    expect(events).toEqual([
      { clientId: client.clientId, userId: 'alice', familyId: expect.stringMatching(/^[\w-]{22}$/) },
    ]);
  });

  test('[AS-30 §4.12] the answer to credentials is 303', async () => {
    const agent = new UserAgent(server.url);
    const login = await ask(agent);
    const form = new URLSearchParams({ username: 'alice', password: 'ecila' });
    for (const [, field = ''] of login.body.matchAll(/<input type="hidden"([^>]*)>/g)) {
      const [name, value] = [/name="([^"]*)"/.exec(field)?.[1], /value="([^"]*)"/.exec(field)?.[1]];
      if (name !== undefined && !form.has(name)) form.set(name, value ?? '');
    }
    const { pathname } = new URL(login.url);
    const cookie = Object.entries(agent.cookiesFor(pathname))
      .map((pair) => pair.join('='))
      .join('; ');
    const answer = await fetch(login.url, { method: 'POST', redirect: 'manual', headers: { cookie }, body: form });
    expect(answer.status).toBe(303);
  });

  test('[AS-30 §4.16] an interaction is its browser’s own: its URL is worth nothing elsewhere', async () => {
    const login = await ask(new UserAgent(server.url));
    const stranger = await new UserAgent(server.url).get(login.url);
    expect([stranger.status, isLogin(stranger.body)]).toEqual([400, false]);
  });

  test('cookies are httpOnly and SameSite', async () => {
    const answer = await fetch(`${server.url}/oauth2/authorize?${authorization(client).query}`, { redirect: 'manual' });
    const cookies = answer.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const line of cookies) {
      expect(line).toMatch(/; samesite=lax/i);
      expect(line).toMatch(/; httponly/i);
    }
  });
});

describe('behind an https issuer', () => {
  test('cookies are Secure, the session’s bound to its host, and URLs are the issuer’s', async () => {
    const server = await startAuthorizationServer('sqlite', { options: { issuer: 'https://auth.example.com/tenant' } });
    try {
      const client = await server.register(CODE);
      const begun = await fetch(`${server.url}/oauth2/authorize?${authorization(client).query}`, {
        redirect: 'manual',
      });
      expect(begun.status).toBe(303);
      for (const line of begun.headers.getSetCookie()) expect(line).toMatch(/; secure/i);
      for (const path of [
        '/.well-known/oauth-authorization-server/tenant',
        '/tenant/.well-known/openid-configuration',
        '/.well-known/openid-configuration/tenant',
      ]) {
        const metadata = (await (await fetch(`${server.url}${path}`)).json()) as Record<string, unknown>;
        expect([path, metadata.issuer]).toEqual([path, 'https://auth.example.com/tenant']);
        expect(metadata.authorization_endpoint).toBe('https://auth.example.com/oauth2/authorize');
      }
      expect((await fetch(`${server.url}/.well-known/oauth-authorization-server`)).status).toBe(404);
    } finally {
      await server.close();
    }
  });
});
