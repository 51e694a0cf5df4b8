import { describe, expect, test } from '@jest/globals';
import { authorization } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { pageLinksOf, targetOf, type UserAgent, type Visit } from '../../support/user-agent.js';

const NATIVE = 'com.example.app:/callback';
const ALICE = { username: 'alice', password: 'ecila' };

describe.each(STACKS)('the way back to an application, on %s', (name) => {
  const suite = useAuthorizationServer(name);

  /** Signs in and decides; ends on the page that leads on to the application. */
  async function decide(
    redirectUri: string,
    decision: 'allow' | 'deny',
    parameters: Readonly<Record<string, string>> = {},
    agent: UserAgent = suite.agent(),
  ): Promise<{ readonly done: Visit; readonly verifier: string; readonly clientId: string }> {
    const client = await suite.server.register({ ...FOR_USERS, clientType: 'public', redirectUris: [redirectUri] });
    const { query, verifier } = authorization(client, { redirect_uri: redirectUri, ...parameters });
    const consent = await agent.submit(await agent.get(`/oauth2/authorize?${query}`), ALICE);
    return { done: await agent.submit(consent, { decision }), verifier, clientId: client.clientId };
  }

  test.each([NATIVE, 'http://127.0.0.1/cb', 'https://app.example.com/callback?a=b'])(
    '[RFC 8252 §7.1] after the consent the link goes to %s itself, with the code, as the refresh does',
    async (redirectUri) => {
      const { done, verifier, clientId } = await decide(redirectUri, 'allow');
      const target = targetOf(done);
      expect(pageLinksOf(done)).toContain(target.href);
      expect(`${target.protocol}//${target.host}${target.pathname}`).toBe(
        `${new URL(redirectUri).protocol}//${new URL(redirectUri).host}${new URL(redirectUri).pathname}`,
      );
      const code = target.searchParams.get('code') as string;
      const answer = await suite.exchange(
        { clientId, clientSecret: '' },
        { code, verifier },
        { redirect_uri: redirectUri },
      );
      expect(answer.status).toBe(200);
      // The code is in no address of ours, where a log or a history would keep it.
      expect(done.url).not.toContain(code);
      expect([done.headers.get('cache-control'), done.headers.get('referrer-policy')]).toEqual([
        'no-store',
        'no-referrer',
      ]);
      expect(done.headers.get('content-security-policy')).toContain("form-action 'self'");
    },
  );

  test('[RFC 8252 §7.1] so it does after a refusal', async () => {
    const { done } = await decide(NATIVE, 'deny');
    expect(pageLinksOf(done)).toContain(targetOf(done).href);
    expect(targetOf(done).searchParams.get('error')).toBe('access_denied');
  });

  test('[RFC 6749 §10.15] what the application sends along is escaped, and leads nowhere else', async () => {
    const state = `"><script>alert(1)</script>'&quot;;url=https://evil.example/`;
    const { done } = await decide(NATIVE, 'allow', { state });
    expect(targetOf(done).protocol).toBe('com.example.app:');
    expect(targetOf(done).searchParams.get('state')).toBe(state);
    expect(done.body).not.toContain('<script>');
    expect(pageLinksOf(done)).toEqual([targetOf(done).href]);
  });

  test('[RFC 6749 §10.15] the page leads only where this server has sent this browser, and to no other scheme', async () => {
    const agent = suite.agent();
    const { done } = await decide(NATIVE, 'allow', {}, agent);
    const url = new URL(done.url);
    for (const to of [
      'javascript:alert(1)',
      'com.example.app:/other',
      'https://evil.example/',
      '/oauth2/authorize/x',
    ]) {
      url.searchParams.set('to', to);
      const visit = await agent.get(url.href);
      expect([to, visit.status, pageLinksOf(visit)]).toEqual([to, 400, []]);
    }
  });

  test('[RFC 9110 §9.3.2] a HEAD request to the page uses nothing up', async () => {
    const agent = suite.agent();
    const client = await suite.server.register({ ...FOR_USERS, clientType: 'public', redirectUris: [NATIVE] });
    const { query } = authorization(client, { redirect_uri: NATIVE });
    const consent = await agent.submit(await agent.get(`/oauth2/authorize?${query}`), ALICE);
    const form = /<form[^>]*action="([^"]*)"/.exec(consent.body)?.[1] as string;
    const token = /name="csrf_token" value="([^"]*)"/.exec(consent.body)?.[1] as string;
    const cookie = Object.entries(agent.cookiesFor('/')).map((pair) => pair.join('='));
    const headers = { cookie: cookie.join('; ') };
    const answer = await fetch(new URL(form, suite.url), {
      method: 'POST',
      redirect: 'manual',
      headers,
      body: new URLSearchParams({ csrf_token: token, decision: 'allow' }),
    });
    const location = new URL(answer.headers.get('location') ?? '', suite.url);
    expect((await fetch(location, { method: 'HEAD', headers })).status).toBe(200);
    expect(targetOf(await agent.get(location.href)).searchParams.has('code')).toBe(true);
  });
});
