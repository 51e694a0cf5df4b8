import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { type FormOnPage, formsOf, targetOf, type UserAgent, type Visit } from '../../support/user-agent.js';

const ALICE = { username: 'alice', password: 'ecila' };

describe.each(STACKS)('pages, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, name: '<b>"Client" & \'Co\'</b>' });
  });

  const begin = (agent: UserAgent, by = client, parameters = {}) =>
    agent.get(`/oauth2/authorize?${authorization(by, parameters).query}`);
  const isConsent = ({ body }: Visit) => body.includes('name="decision"');
  const formWith = (visit: Visit, field: string): FormOnPage => {
    const form = formsOf(visit).find(({ fields, buttons }) => field in fields || buttons.includes(field));
    if (form === undefined) throw new Error(`There is no form with ${field}: ${visit.body}`);
    return form;
  };

  /** Sends a form as a browser would, and stays at the answer. */
  function sendRaw(agent: UserAgent, form: FormOnPage, values: Record<string, string>, headers = {}) {
    const { href, pathname } = new URL(form.action, suite.url);
    const cookie = Object.entries(agent.cookiesFor(pathname)).map((pair) => pair.join('='));
    return fetch(href, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: cookie.join('; '), ...headers },
      body: new URLSearchParams({ ...form.fields, ...values }),
    });
  }

  async function pagesOfOneSignIn(): Promise<Record<string, Visit>> {
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const login = await begin(agent, fresh);
    const consent = await agent.submit(login, ALICE);
    expect(isConsent(consent)).toBe(true);
    return {
      login,
      consent,
      error: await suite.ask(fresh, { redirect_uri: 'https://evil.example/' }),
      device: await agent.get('/oauth2/device'),
      logout: await agent.get('/oauth2/logout'),
    };
  }

  test('[AS-30 §4.16] no page can be framed, runs a script, is stored, or tells where the browser was', async () => {
    for (const [page, { headers, body }] of Object.entries(await pagesOfOneSignIn())) {
      const policy = headers.get('content-security-policy') ?? '';
      expect([page, headers.get('x-frame-options')]).toEqual([page, 'DENY']);
      expect([page, policy]).toEqual([page, expect.stringContaining("frame-ancestors 'none'")]);
      expect([page, policy]).toEqual([page, expect.stringContaining("default-src 'none'")]);
      expect(policy).not.toMatch(/unsafe-|script-src/);
      expect(body).not.toMatch(/<script|<style|\son\w+=|javascript:/i);
      expect([page, headers.get('cache-control')]).toEqual([page, 'no-store']);
      expect([page, headers.get('referrer-policy')]).toEqual([page, 'no-referrer']);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('[AS-30 §4.12] credentials are answered with 303, never with a redirect that repeats them', async () => {
    const agent = suite.agent();
    const login = await begin(agent);
    const answer = await sendRaw(agent, formWith(login, 'password'), ALICE);
    expect(answer.status).toBe(303);
    expect(new URL(answer.headers.get('location') ?? '', suite.url).origin).toBe(suite.url);
  });

  test('[AS-30 §4.12] no redirect of the whole way is another one than 303 or 302, and none after a POST keeps the method', async () => {
    const answer = await fetch(`${suite.url}/oauth2/authorize?${authorization(client).query}`, { redirect: 'manual' });
    expect([302, 303]).toContain(answer.status);
  });

  test('[AS-30 RFC 6749 §10.12] a sign-in or a decision that is not of the page’s own form is 403, and does nothing', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const login = await begin(agent, fresh);
    const form = formWith(login, 'password');
    const forgeries = [{ csrf_token: '' }, { csrf_token: 'forged' }];
    for (const forged of forgeries) {
      const answer = await sendRaw(agent, form, { ...ALICE, ...forged });
      expect([forged, answer.status]).toEqual([forged, 403]);
    }
    const elsewhere = await sendRaw(agent, form, ALICE, { origin: 'https://evil.example' });
    expect(elsewhere.status).toBe(403);
    expect((await sendRaw(agent, form, ALICE, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    const consent = await agent.submit(login, ALICE);
    const decision = formWith(consent, 'decision');
    for (const forged of forgeries) {
      const answer = await sendRaw(agent, decision, { decision: 'allow', ...forged });
      expect([forged, answer.status, answer.headers.get('location')]).toEqual([forged, 403, null]);
    }
    expect(await suite.server.oauth2.authorizationServer?.consents.list('alice')).not.toContainEqual(
      expect.objectContaining({ application: expect.objectContaining({ clientId: fresh.clientId }) }),
    );
  });

  test('[AS-30] the token of one user, one browser or one purpose is none of another', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const [alice, mallory] = [suite.agent(), suite.agent()];
    const consent = await alice.submit(await begin(alice, fresh), ALICE);
    const his = await mallory.submit(await begin(mallory, fresh), { username: 'bob', password: 'bob' });
    const token = formWith(his, 'decision').fields.csrf_token as string;
    const answer = await sendRaw(alice, formWith(consent, 'decision'), { decision: 'allow', csrf_token: token });
    expect(answer.status).toBe(403);
    // Nor does Alice's own form do anything with the cookies of another browser.
    const stranger = await sendRaw(mallory, formWith(consent, 'decision'), { decision: 'allow' });
    expect([stranger.status >= 400, stranger.headers.get('location')]).toEqual([true, null]);
  });

  test('[AS-30] an interaction is of its browser: its address shows nothing in another one', async () => {
    const login = await begin(suite.agent());
    const stranger = await suite.agent().get(login.url);
    expect([stranger.status, stranger.body.includes('name="password"')]).toEqual([400, false]);
  });

  test('[AS-30] a session before the sign-in is worth nothing after it', async () => {
    const agent = suite.agent();
    const login = await begin(agent);
    const before = agent.sessionCookie();
    await agent.submit(login, ALICE);
    const after = agent.sessionCookie();
    expect(after).toMatch(/\S{20}/);
    expect(after).not.toBe(before);
  });

  test('[AS-37] what a page shows is escaped, and no password comes back', async () => {
    const agent = suite.agent();
    const login = await begin(agent);
    const wrong = await agent.submit(login, { username: '"><script>alert(1)</script>', password: 'hunter2-secret' });
    expect(wrong.body).not.toContain('<script>');
    expect(wrong.body).not.toContain('hunter2-secret');
    const consent = await agent.submit(wrong, ALICE);
    expect(consent.body).not.toContain('<b>"Client"');
    expect(consent.body).toContain('&lt;b&gt;');
  });

  test('[AS-30] which user name is known is not told: the answers are the same', async () => {
    const said = [];
    for (const username of ['alice', 'nobody-at-all']) {
      const agent = suite.agent();
      const visit = await agent.submit(await begin(agent), { username, password: 'wrong' });
      const alert = /role="alert"[^>]*>(.*?)<\//s.exec(visit.body)?.[1]?.replaceAll(username, '');
      said.push([visit.status, alert]);
    }
    expect(said[0]).toEqual(said[1]);
  });

  test('[AS-30 §4.11.2] after the sign-in a browser goes where the request said, not where a form says', async () => {
    const agent = suite.agent();
    const login = await begin(agent);
    const form = formWith(login, 'password');
    const more = { redirect_uri: 'https://evil.example/', return_to: 'https://evil.example/' };
    const answer = await sendRaw(agent, form, { ...ALICE, ...more });
    expect(answer.headers.get('location')).not.toContain('evil.example');
    for (const path of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
      const fresh = suite.agent();
      const page = await fresh.get(`/oauth2/sign-in?${new URLSearchParams({ return_to: path })}`);
      const done = await fresh.submit(page, ALICE);
      expect([path, new URL(done.url).origin]).toEqual([path, suite.url]);
      expect(done.body).not.toMatch(/url=(https?:)?\/\/evil/);
    }
  });

  test('[AS-30] the code reaches the application only after the consent of this user', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const agent = suite.agent();
    const consent = await agent.submit(await begin(agent, fresh), ALICE);
    expect(isConsent(consent)).toBe(true);
    expect(responseOf(await begin(agent, fresh, { prompt: 'none' })).get('error')).toBe('consent_required');
    const done = await agent.submit(consent, { decision: 'allow' });
    expect(targetOf(done).searchParams.get('code')).not.toBeNull();
  });
});
