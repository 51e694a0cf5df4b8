import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { formsOf, targetOf, type UserAgent, type Visit } from '../../support/user-agent.js';

const FORM = 'application/x-www-form-urlencoded';
const ALICE = { username: 'alice', password: 'ecila' };

describe.each(STACKS)('requests that are posted, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, postLogoutRedirectUris: ['https://app.example.com/bye'] });
  });

  /** Posts a form as a page of another site does: without any cookie. */
  const postBare = (path: string, body: string, headers: Record<string, string> = {}) =>
    suite.send(path, {
      method: 'POST',
      headers: { 'content-type': FORM, origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site', ...headers },
      body,
    });
  const post = (agent: UserAgent, path: string, fields: Record<string, string>) =>
    agent.send({ action: path, fields, buttons: [] });
  const fieldsOf = (query: URLSearchParams) => Object.fromEntries(query);

  async function signedIn(): Promise<UserAgent> {
    const agent = suite.agent();
    const login = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
    const visit = await agent.submit(login, ALICE);
    if (visit.body.includes('name="decision"')) await agent.submit(visit, { decision: 'allow' });
    return agent;
  }

  test('[OpenID Connect Core §3.1.2.1] a posted authorization request is the same request: login, consent and code', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const { query, verifier } = authorization(fresh, { state: 'ä & = # %41 +' });
    const agent = suite.agent();
    const login = await post(agent, '/oauth2/authorize', fieldsOf(query));
    expect(login.body).toContain('name="password"');
    const consent = await agent.submit(login, ALICE);
    const response = responseOf(await agent.submit(consent, { decision: 'allow' }));
    expect(response.get('state')).toBe('ä & = # %41 +');
    const code = { code: response.get('code') ?? '', verifier };
    expect((await suite.exchange(fresh, code)).status).toBe(200);
  });

  test('[OpenID Connect Core §3.1.2.1] browsers leave the cookies out, so it goes on by 303 at the same path, with all parameters in their order', async () => {
    const { query } = authorization(client, { state: 'ä &' });
    const body = `${query}&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example`;
    const answer = await postBare('/oauth2/authorize', body);
    expect(answer.status).toBe(303);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const target = new URL(answer.headers.get('location') ?? '', suite.url);
    expect(target.origin + target.pathname).toBe(`${suite.url}/oauth2/authorize`);
    expect([...target.searchParams]).toEqual([...new URLSearchParams(body)]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test('[OpenID Connect Core §3.1.2.1] who is signed in gets the code at once, also with prompt=none', async () => {
    const agent = await signedIn();
    for (const prompt of [undefined, 'none']) {
      const visit = await post(agent, '/oauth2/authorize', fieldsOf(authorization(client, { prompt }).query));
      expect(targetOf(visit).href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
      expect(responseOf(visit).get('code')).toMatch(/^\S{43}$/);
    }
  });

  /** The page that posts a request once more, from here. */
  function expectPostedAgain(visit: Pick<Visit, 'status' | 'headers' | 'body'>, path: string): void {
    expect([visit.status, visit.headers.get('location')]).toEqual([200, null]);
    expect(visit.headers.get('content-security-policy')).toMatch(/script-src 'sha256-\S+';.*form-action 'self';/);
    expect(visit.headers.get('x-frame-options')).toBe('DENY');
    expect(visit.body).toContain(`<form method="post" action="${path}">`);
  }

  test('[OpenID Connect Core §3.1.2.1] one that is too long for an address is posted once more from a page of the server', async () => {
    const agent = await signedIn();
    const { query, verifier } = authorization(client, { state: `"<&>${'s'.repeat(8_000)}` });
    const page = await post(agent, '/oauth2/authorize', fieldsOf(query));
    expectPostedAgain(page, '/oauth2/authorize');
    const visit = await agent.submit(page, {});
    const response = responseOf(visit);
    expect(response.get('state')).toBe(query.get('state'));
    const code = { code: response.get('code') ?? '', verifier };
    expect((await suite.exchange(client, code)).status).toBe(200);
    // Nobody is signed in at another browser: the login comes, and what was asked for is kept over it.
    const stranger = suite.agent();
    const login = await stranger.submit(await post(stranger, '/oauth2/authorize', fieldsOf(query)), {});
    const done = await stranger.submit(login, ALICE);
    expect(responseOf(done).get('state')).toBe(query.get('state'));
  });

  test.each(['/oauth2/authorize', '/oauth2/logout'])(
    '%s: a repeated parameter means what it means in a GET, however long the request is',
    async (path) => {
      const { query } = authorization(client);
      const twice = (more: string) => `${query}&client_id=${client.clientId}${more}`;
      const short = await postBare(path, twice(''));
      const followed = await suite.send(short.headers.get('location') ?? '');
      expect([followed.status, followed.headers.get('location')]).toEqual([400, null]);
      const agent = suite.agent();
      const long = await postBare(path, twice(`&ui_locales=${'x'.repeat(7_000)}`));
      const [form] = formsOf({ status: 200, url: suite.url, headers: long.headers, body: long.text });
      const names = [...long.text.matchAll(/type="hidden" name="([^"]*)"/g)].map(([, one]) => one);
      expect(names.filter((one) => one === 'client_id')).toHaveLength(2);
      const again = await postBare(path, `${twice('')}&${new URLSearchParams(form?.fields).toString()}`);
      expect([again.status, again.headers.get('location')]).toEqual([400, null]);
      expect(agent.cookiesFor(path)).toEqual({});
    },
  );

  test.each(['/oauth2/authorize', '/oauth2/logout'])(
    '%s takes a form and nothing else: other bodies are 400 on a page, and go nowhere',
    async (path) => {
      const { query } = authorization(client);
      for (const [what, pending] of [
        ['JSON', postBare(path, JSON.stringify(fieldsOf(query)), { 'content-type': 'application/json' })],
        ['multipart', postBare(path, '--x--', { 'content-type': 'multipart/form-data; boundary=x' })],
        ['text', postBare(path, `${query}`, { 'content-type': 'text/plain' })],
        ['no media type', postBare(path, `${query}`, { 'content-type': '' })],
        ['too much', postBare(path, `${query}&x=${'x'.repeat(70_000)}`)],
        ['a value that is too long', postBare(path, `${query}&x=${'x'.repeat(9_000)}`)],
        ['too many parameters', postBare(path, `${query}${'&x=1'.repeat(120)}`)],
        ['arrays', postBare(path, `${query}&scope[]=read`)],
        ['NUL', postBare(path, `${query}&x=%00`)],
        ['broken escapes', postBare(path, `${query}&x=%E4`)],
        ['parameters in the URL too', postBare(`${path}?${query}`, 'state=x')],
        ['parameters in the URL alone', postBare(`${path}?${query}`, '')],
      ] as const) {
        const answer = await pending;
        expect([what, answer.status, answer.headers.get('location')]).toEqual([what, 400, null]);
        expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
    },
  );

  test('[§3.1] an empty POST is a request without parameters', async () => {
    const answer = await postBare('/oauth2/authorize', '');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/oauth2/authorize']);
    expect((await suite.send('/oauth2/authorize')).status).toBe(400);
  });

  test('[AS-25 §4.1.2.1] a posted request redirects nowhere before application and redirect URI are right', async () => {
    const evil = { redirect_uri: 'https://evil.example/' };
    for (const long of ['', 'x'.repeat(7_000)]) {
      const agent = suite.agent();
      const fields = fieldsOf(authorization(client, { ...evil, ui_locales: long || undefined }).query);
      let visit = await post(agent, '/oauth2/authorize', fields);
      if (long !== '') visit = await agent.submit(visit, {});
      expect([visit.status, visit.headers.get('location')]).toEqual([400, null]);
      expect(visit.body).not.toMatch(/http-equiv="refresh"/i);
    }
  });

  test('[RP-Initiated Logout §2] a posted sign-out is the same request: it asks, and goes where it may', async () => {
    const fields = {
      client_id: client.clientId,
      post_logout_redirect_uri: 'https://app.example.com/bye',
      state: 'good & bye',
    };
    const sizes: Record<string, string>[] = [{}, { logout_hint: 'x'.repeat(7_000) }];
    for (const more of sizes) {
      const agent = await signedIn();
      let confirm = await post(agent, '/oauth2/logout', { ...fields, ...more });
      if ('logout_hint' in more) {
        expectPostedAgain(confirm, '/oauth2/logout');
        confirm = await agent.submit(confirm, {});
      }
      expect(confirm.body).toContain('name="logout"');
      const silent = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`);
      expect(responseOf(silent).has('code')).toBe(true);
      const done = targetOf(await agent.submit(await post(agent, '/oauth2/logout', fields), { logout: 'yes' }));
      expect([done.origin + done.pathname, done.searchParams.get('state')]).toEqual([
        'https://app.example.com/bye',
        'good & bye',
      ]);
      const after = await agent.get(`/oauth2/authorize?${authorization(client).query}`);
      expect(after.body).toContain('name="password"');
    }
  });

  test('[AS-30 RFC 6749 §10.12] a page of another site that posts signs nobody out, and decides nothing', async () => {
    const agent = await signedIn();
    const cookie = Object.entries(agent.cookiesFor('/oauth2/logout')).map((pair) => pair.join('='));
    for (const path of ['/oauth2/logout', '/oauth2/logout/confirm', '/oauth2/authorize']) {
      const forged = 'logout=yes&decision=allow&xsrf=&oauth2_posted_again=yes';
      const answer = await postBare(path, forged, { cookie: cookie.join('; ') });
      expect([path, answer.headers.get('location')]).toEqual([path, null]);
    }
    const still = await agent.get(`/oauth2/authorize?${authorization(client, { prompt: 'none' }).query}`);
    expect(responseOf(still).has('code')).toBe(true);
  });
});

describe.each(STACKS)('the limit of posted authorization requests, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { throttling: { authorize: '3/h' } },
    oauth2: { trustedProxies: 1 },
  });

  test('[RFC 6585 §4] they count as others do', async () => {
    const client = await suite.server.register(FOR_USERS);
    const { query } = authorization(client);
    const send = (method: string) =>
      suite.send(`/oauth2/authorize${method === 'GET' ? `?${query}` : ''}`, {
        method,
        headers: { 'x-forwarded-for': '198.51.100.77', ...(method === 'POST' && { 'content-type': FORM }) },
        ...(method === 'POST' && { body: `${query}` }),
      });
    const statuses = [];
    for (const method of ['POST', 'GET', 'POST', 'POST', 'GET']) statuses.push((await send(method)).status);
    expect(statuses).toEqual([303, 303, 303, 429, 429]);
  });
});
