import { describe, expect, test } from '@jest/globals';
import type { NewApplication } from '../../../src/storage/index.js';
import { authorization, responseOf } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf } from '../../support/user-agent.js';

const HTTPS = 'https://app.example.com/callback';
const LOOPBACK = 'http://127.0.0.1/callback';
const SCHEME = 'com.example.app:/callback';
const NATIVE = { ...FOR_USERS, clientType: 'public', redirectUris: [HTTPS, LOOPBACK, SCHEME] } as const;

describe.each(STACKS)('native applications, on %s', (name) => {
  const suite = useAuthorizationServer(name);

  describe.each([
    ['a loopback address', 'http://127.0.0.1:43210/callback', {}],
    ['a private-use scheme', SCHEME, {}],
    ['a loopback address, with skipAuthorization', 'http://127.0.0.1:43210/callback', { skipAuthorization: true }],
    ['a private-use scheme, with skipAuthorization', SCHEME, { skipAuthorization: true }],
  ] as [string, string, Partial<NewApplication>][])('that are answered at %s', (_where, uri, more) => {
    const begin = async () => {
      const client = await suite.server.register({ ...NATIVE, ...more });
      const agent = suite.agent();
      // Signs in, and consents at the https address.
      await suite.code(client, { scope: 'read write' }, { agent });
      const ask = (parameters: Readonly<Record<string, string>> = {}) =>
        agent.get(`/oauth2/authorize?${authorization(client, { redirect_uri: uri, ...parameters }).query}`);
      return { client, agent, ask };
    };

    test('[AS-58 RFC 8252 §8.6] their users are asked each time, for all of it, whatever they allowed before', async () => {
      const { agent, ask } = await begin();
      for (const scope of ['read', 'read write', 'read']) {
        const page = await ask({ scope });
        expect([page.status, page.body]).toEqual([200, expect.stringContaining('name="decision"')]);
        for (const one of scope.split(' '))
          expect(page.body).toContain(`${one === 'read' ? 'Read' : 'Change'} your books`);
        const code = targetOf(await agent.submit(page, { decision: 'allow' })).searchParams.get('code');
        expect(code).toMatch(/./);
      }
    });

    test('[AS-58 RFC 8252 §8.6] prompt=none is consent_required', async () => {
      const { ask } = await begin();
      const answer = targetOf(await ask({ prompt: 'none' }));
      expect(answer.searchParams.get('error')).toBe('consent_required');
      expect(answer.searchParams.get('code')).toBeNull();
    });

    test('[AS-58 RFC 8252 §8.6] a pushed request makes no difference', async () => {
      const { client, agent } = await begin();
      const { query } = authorization(client, { redirect_uri: uri });
      const pushed = await suite.post('/oauth2/par', query.toString(), client);
      const requestUri = String(pushed.body.request_uri);
      const page = await agent.get(
        `/oauth2/authorize?${new URLSearchParams({ client_id: client.clientId, request_uri: requestUri })}`,
      );
      expect(page.body).toContain('name="decision"');
    });
  });

  test('[AS-58 RFC 8252 §8.6] at an https address, or with a secret, a remembered consent holds', async () => {
    for (const [application, uri] of [
      [NATIVE, HTTPS],
      [{ ...FOR_USERS, redirectUris: [HTTPS, LOOPBACK] }, LOOPBACK],
    ] as [Partial<NewApplication>, string][]) {
      const client = await suite.server.register(application);
      const agent = suite.agent();
      await suite.code(client, {}, { agent });
      const again = await agent.get(
        `/oauth2/authorize?${authorization(client, { redirect_uri: uri, prompt: 'none' }).query}`,
      );
      expect(responseOf(again).get('code')).toMatch(/./);
    }
  });

  test('[AS-58 RFC 8252 §8.6] where the only registered address is left out of the request, its user is asked too', async () => {
    const client = await suite.server.register({ ...NATIVE, redirectUris: [SCHEME] });
    const agent = suite.agent();
    const { query } = authorization(client, { redirect_uri: undefined });
    let page = await agent.get(`/oauth2/authorize?${query}`);
    page = await agent.submit(page, { username: 'alice', password: 'ecila' });
    await agent.submit(page, { decision: 'allow' });
    expect((await agent.get(`/oauth2/authorize?${query}`)).body).toContain('name="decision"');
  });
});
