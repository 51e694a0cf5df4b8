import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, REDIRECT_URI } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { formsOf, type Visit } from '../../support/user-agent.js';

const BY_FORM = { response_mode: 'form_post' };

/** The policy of a page, by directive. */
function policyOf({ headers }: Visit): Record<string, string[]> {
  const directives = (headers.get('content-security-policy') ?? '').split(/; */);
  return Object.fromEntries(directives.map((one) => one.split(' ')).map(([name = '', ...sources]) => [name, sources]));
}

/** A page that only sends its form, by the one script that its policy names. */
function expectFormPage(visit: Visit, action = REDIRECT_URI): Record<string, string> {
  const { headers, body } = visit;
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('location')).toBeNull();
  const scripts = [...body.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)];
  expect(scripts).toHaveLength(1);
  const [, attributes, script = ''] = scripts[0] ?? [];
  expect(attributes).toBe('');
  const hash = createHash('sha256').update(script).digest('base64');
  expect(policyOf(visit)).toMatchObject({
    'default-src': ["'none'"],
    'script-src': [`'sha256-${hash}'`],
    'frame-ancestors': ["'none'"],
    'base-uri': ["'none'"],
  });
  expect(JSON.stringify(policyOf(visit))).not.toContain('unsafe-');
  const forms = formsOf(visit);
  expect(forms.map((form) => form.action)).toEqual([action]);
  expect(body).toMatch(/<form method="post"/);
  expect(body).toMatch(/<button[^>]*type="submit"/);
  return forms[0]?.fields ?? {};
}

describe.each(STACKS)('answers by form, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  test('[AS-30 §4.16, OAuth Form Post Response Mode §2] a code comes on a page with the fields of all pages; nobody can frame it', async () => {
    const agent = suite.agent();
    const request = authorization(client, { ...BY_FORM, state: `"><script>alert(1)</script>'&` });
    const fields = expectFormPage(await authorize(agent, request));
    expect(fields).toEqual({ code: expect.any(String), state: `"><script>alert(1)</script>'&`, iss: suite.url });
    const { code = '' } = fields;
    expect((await suite.exchange(client, { code, verifier: request.verifier })).status).toBe(200);
    // Who is signed in and has consented gets it at once.
    const again = await agent.get(`/oauth2/authorize?${authorization(client, BY_FORM).query}`);
    expect(again.status).toBe(200);
    expect(expectFormPage(again).code).not.toBe(code);
  });

  test('[AS-30 §4.16, AS-29] an error comes so too', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const refused = await authorize(suite.agent(), authorization(fresh, BY_FORM), { decision: 'deny' });
    expect(expectFormPage(refused)).toMatchObject({ error: 'access_denied', state: 'a state', iss: suite.url });
  });

  test.each([
    [REDIRECT_URI, 'confidential', ['https://app.example.com', 'https:']],
    ['http://127.0.0.1:3000/callback', 'confidential', ['http://127.0.0.1:3000', 'http:', 'https:']],
    ['http://[::1]:3000/callback', 'confidential', ['http:', 'https:']],
    ['com.example.app:/callback', 'public', ['com.example.app:', 'https:']],
  ] as const)('[AS-30 §4.16] the form may go to %s', async (redirectUri, clientType, sources) => {
    const fresh = await suite.server.register({ ...FOR_USERS, clientType, redirectUris: [redirectUri] });
    const visit = await authorize(suite.agent(), authorization(fresh, { ...BY_FORM, redirect_uri: redirectUri }));
    expectFormPage(visit, redirectUri);
    expect(policyOf(visit)['form-action']).toEqual(sources);
  });
});
