import { expect, test } from '@jest/globals';
import { authorization, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import { useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';
import { UserAgent } from '../../support/user-agent.js';

const shop = useBookstore('SQLite + memory');

test('[RS-18 AS-71 RFC 9470 §3, §5] in the example, by the challenge alone an application gets a token that is good enough', async () => {
  const ask = (token: string) => call(`${shop.url}/api/recent-login`, { token });
  const { application } = await shop.oauth2.applications.create({
    name: 'Step-up',
    clientType: 'public',
    grantTypes: ['authorization_code'],
    redirectUris: [REDIRECT_URI],
  });
  const refusal = await ask(await shop.issue('api', { user: 'alice' }));
  expect(refusal.status).toBe(401);
  const challenge = refusal.headers.get('www-authenticate') ?? '';
  expect(challenge).toContain('error="insufficient_user_authentication"');
  // The token was presented as a bearer token; the other way of presenting one is at no fault (RFC 9449 §7.1).
  expect(challenge).toMatch(/, DPoP realm="api"(?!.*error=)/);
  const [, maxAge = '', scope = ''] = [/^/, /max_age="(\d+)"/, /scope="([^"]+)"/].map(
    (one) => one.exec(challenge)?.[1],
  );

  const agent = new UserAgent(shop.url);
  const { clientId } = application;
  const { query, verifier } = authorization({ clientId, clientSecret: '' }, { scope, max_age: maxAge });
  const login = await agent.get(`/oauth2/authorize?${query}`);
  const consent = await agent.submit(login, { username: 'alice', password: 'wonderland' });
  const code = responseOf(await agent.submit(consent, { decision: 'allow' })).get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: clientId, code, code_verifier: verifier };
  const answer = await fetch(`${shop.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...form, redirect_uri: REDIRECT_URI }),
  });
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  const reply = await ask(token);
  expect([reply.status, reply.body]).toEqual([200, { user: 'alice', acr: 'urn:bookstore:password' }]);
}, 60_000);
