import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  answerOf,
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  type Tokens,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';
import type { UserAgent } from '../../support/user-agent.js';

const OFFLINE = 'openid offline_access read';

describe.each(STACKS)('offline_access, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { defaultScopes: ['read', 'offline_access'] } });
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  const scopesOf = ({ scope }: Tokens) => scope.split(' ').sort();
  const isConsent = (body: string) => body.includes('name="decision"');

  test('[OpenID Core §11] the user is asked for it as for every scope, with any prompt or none, and it is in the answer', async () => {
    for (const prompt of [undefined, 'login', 'consent', 'login consent']) {
      const fresh = await suite.server.register(FOR_USERS);
      const agent = suite.agent();
      const tokens = await suite.tokens(fresh, { scope: OFFLINE, prompt }, { agent });
      expect([prompt, scopesOf(tokens)]).toEqual([prompt, ['offline_access', 'openid', 'read']]);
      expect(tokens.refresh_token).toMatch(/\S{43}/);
    }
  });

  test('[OpenID Core §11] whoever allowed the rest before is asked for it alone', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    await suite.tokens(fresh, { scope: 'openid read' }, { agent });
    const { query } = authorization(fresh, { scope: OFFLINE });
    const consent = await agent.get(`/oauth2/authorize?${query}`);
    expect(isConsent(consent.body)).toBe(true);
    expect(consent.body).toContain('Keep its access while you are away');
    expect(consent.body).not.toContain('Read your books');
    const none = await agent.get(`/oauth2/authorize?${authorization(fresh, { scope: OFFLINE, prompt: 'none' }).query}`);
    expect(responseOf(none).get('error')).toBe('consent_required');
  });

  test.each([undefined, 'none', 'login'])(
    '[OpenID Core §11] a consent that is remembered is enough for it, with prompt=%s',
    async (prompt) => {
      const fresh = await suite.server.register(FOR_USERS);
      const agent = suite.agent();
      await suite.tokens(fresh, { scope: OFFLINE }, { agent });
      const tokens = await suite.tokens(fresh, { scope: OFFLINE, prompt }, { agent });
      expect(scopesOf(tokens)).toContain('offline_access');
    },
  );

  test('[OpenID Core §11] an application whose users are not asked gets it, also by a pushed request', async () => {
    const trusted = await suite.server.register({ ...FOR_USERS, skipAuthorization: true });
    expect(scopesOf(await suite.tokens(trusted, { scope: OFFLINE }))).toContain('offline_access');
    const request = authorization(trusted, { scope: OFFLINE });
    const pushed = await suite.post('/oauth2/par', Object.fromEntries(request.query), trusted);
    const query = new URLSearchParams({
      client_id: trusted.clientId,
      request_uri: String(pushed.body.request_uri),
    });
    const code = responseOf(await authorize(suite.agent(), { ...request, query })).get('code') ?? '';
    const answer = await suite.exchange(trusted, { code, verifier: request.verifier });
    expect(String(answer.body.scope).split(' ')).toContain('offline_access');
  });

  test('[OpenID Core §11] it is granted where it is one of the default scopes', async () => {
    expect(scopesOf(await suite.tokens(client, { scope: undefined }))).toEqual(['offline_access', 'read']);
  });

  test('[RFC 6749 §3.3] an application without refresh tokens is refused it, not left without it in silence', async () => {
    const without = await suite.server.register({ ...FOR_USERS, grantTypes: ['authorization_code', DEVICE_CODE] });
    const request = authorization(without, { scope: OFFLINE });
    expectError(await suite.post('/oauth2/par', Object.fromEntries(request.query), without), 400, 'invalid_scope');
    const device = suite.post('/oauth2/device_authorization', { scope: OFFLINE }, without);
    expectError(await device, 400, 'invalid_scope');
    const visit = await suite.agent().get(`/oauth2/authorize?${request.query}`);
    expect(`${visit.headers.get('location')} ${visit.body}`).toContain('invalid_scope');
    // What it gets by default leaves out what it could not use.
    expect(scopesOf(await suite.tokens(without, { scope: undefined }))).toEqual(['read']);
  });

  describe('what a sign-out ends', () => {
    let other: TestClient;
    beforeAll(async () => {
      other = await suite.server.register({ ...FOR_USERS, postLogoutRedirectUris: ['https://app.example.com/bye'] });
    });

    /** Tokens of two applications in one session, with and without `offline_access`. */
    async function tokensOf(agent: UserAgent) {
      return {
        own: await suite.tokens(client, { scope: 'openid read' }, { agent }),
        ownOffline: await suite.tokens(client, { scope: OFFLINE }, { agent }),
        others: await suite.tokens(other, { scope: 'openid read' }, { agent }),
        othersOffline: await suite.tokens(other, { scope: OFFLINE }, { agent }),
      };
    }

    async function areGood(tokens: Awaited<ReturnType<typeof tokensOf>>) {
      const clients = { own: client, ownOffline: client, others: other, othersOffline: other };
      const good: Record<string, readonly boolean[]> = {};
      for (const [kind, { access_token, refresh_token }] of Object.entries(tokens)) {
        const by = clients[kind as keyof typeof clients];
        const refreshed = await suite.refresh(by, refresh_token);
        good[kind] = [refreshed.status === 200 || (await suite.isActive(by, access_token)), refreshed.status === 200];
      }
      return good;
    }

    const LIVE = [true, true];
    const ENDED = [false, false];

    /** Signs out at the request of `client`, or at nobody's. */
    async function signOut(agent: UserAgent, idToken: string | undefined, decision: Record<string, string>) {
      const query = new URLSearchParams(idToken === undefined ? {} : { id_token_hint: idToken });
      const page = await agent.get(`/oauth2/logout?${query}`);
      const stay = { action: '/oauth2/logout/confirm', buttons: [], fields: {} };
      if (decision.logout === 'yes') return agent.submit(page, decision);
      const xsrf = /name="xsrf" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
      return agent.send({ ...stay, fields: { xsrf } });
    }

    test('[OpenID Logout §2, Core §11] at the request of one application: what was granted in the session, of every application, but for offline_access', async () => {
      const agent = suite.agent();
      const tokens = await tokensOf(agent);
      await signOut(agent, tokens.own.id_token, { logout: 'yes' });
      expect(await areGood(tokens)).toEqual({ own: ENDED, ownOffline: LIVE, others: ENDED, othersOffline: LIVE });
      const again = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`);
      expect(responseOf(again).get('error')).toBe('login_required');
    });

    test('[OpenID Logout §2] at the request of nobody: the same', async () => {
      const agent = suite.agent();
      const tokens = await tokensOf(agent);
      await signOut(agent, undefined, { logout: 'yes' });
      expect(await areGood(tokens)).toEqual({ own: ENDED, ownOffline: LIVE, others: ENDED, othersOffline: LIVE });
    });

    test('[OpenID Logout §2] who stays signed in keeps all of it, until he signs out', async () => {
      const agent = suite.agent();
      const tokens = await tokensOf(agent);
      const later = await tokensOf(agent);
      await signOut(agent, tokens.own.id_token, {});
      expect(await areGood(tokens)).toEqual({ own: LIVE, ownOffline: LIVE, others: LIVE, othersOffline: LIVE });
      await signOut(agent, undefined, { logout: 'yes' });
      expect(await areGood(later)).toEqual({ own: ENDED, ownOffline: LIVE, others: ENDED, othersOffline: LIVE });
    });

    test('[OpenID Logout §2] what another browser of the same user was given is not touched', async () => {
      const [one, two] = [suite.agent(), suite.agent()];
      const tokens = await tokensOf(one);
      await tokensOf(two);
      await signOut(two, undefined, { logout: 'yes' });
      expect(await areGood(tokens)).toEqual({ own: LIVE, ownOffline: LIVE, others: LIVE, othersOffline: LIVE });
    });

    test('[OpenID Logout §2] sixty authorizations of one session end with it, not only the newest', async () => {
      const agent = suite.agent();
      const first = await suite.tokens(client, { scope: 'read' }, { agent });
      for (let count = 0; count < 60; count += 1) await suite.code(client, { scope: 'read' }, { agent });
      await signOut(agent, undefined, { logout: 'yes' });
      expect(await suite.isActive(client, first.access_token)).toBe(false);
      expect((await suite.refresh(client, first.refresh_token)).status).toBe(400);
    });

    test('[RFC 8628 §3.3] what was allowed to a device is not the browser’s: it stays', async () => {
      const agent = suite.agent();
      const begun = await answerOf(suite.server.post('/oauth2/device_authorization', { scope: 'read' }, client));
      let visit = await agent.get('/oauth2/device');
      visit = await agent.submit(visit, { user_code: String(begun.body.user_code) });
      visit = await agent.submit(visit, { confirm: 'yes' });
      if (visit.body.includes('name="password"')) {
        visit = await agent.submit(visit, { username: 'alice', password: 'ecila' });
      }
      if (isConsent(visit.body)) await agent.submit(visit, { decision: 'allow' });
      const tokens = await suite.token(
        { grant_type: DEVICE_CODE, device_code: String(begun.body.device_code) },
        client,
      );
      await signOut(agent, undefined, { logout: 'yes' });
      expect(await suite.isActive(client, String(tokens.body.access_token))).toBe(true);
      expect((await suite.refresh(client, String(tokens.body.refresh_token))).status).toBe(200);
    });
  });
});
