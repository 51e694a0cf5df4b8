import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { expectError, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf, type Visit } from '../../support/user-agent.js';

describe.each(STACKS)('pushed authorization requests, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  beforeAll(async () => {
    client = await suite.server.register(FOR_USERS);
  });

  async function push(by = client, parameters: Record<string, string | undefined> = {}) {
    const request = authorization(by, parameters);
    const answer = await suite.post('/oauth2/par', Object.fromEntries(request.query), by);
    return { answer, verifier: request.verifier, requestUri: String(answer.body.request_uri) };
  }
  const query = (by: TestClient, requestUri: string, more = {}) =>
    new URLSearchParams({ client_id: by.clientId, request_uri: requestUri, ...more });

  /** The application is told at the one address it has registered; there is no code. */
  function expectRefused(visit: Visit): void {
    const target = targetOf(visit);
    expect(`${target.origin}${target.pathname}`).toBe(REDIRECT_URI);
    expect([target.searchParams.get('error'), target.searchParams.get('code')]).toEqual(['invalid_request_uri', null]);
  }

  test('[AS-41 §2.2] 201 with a reference of many random bits, and how long it is good for', async () => {
    const { answer } = await push();
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{22,}$/),
        expires_in: expect.any(Number),
      },
    ]);
    expect(answer.body.expires_in).toBeLessThanOrEqual(60);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  test('[AS-41 §4] what was pushed is what holds: parameters alongside the reference change nothing', async () => {
    const { requestUri, verifier } = await push();
    const more = { scope: 'read write', redirect_uri: 'https://evil.example/', state: 'other', code_challenge: 'x' };
    const visit = await authorize(suite.agent(), { verifier, query: query(client, requestUri, more) });
    const target = targetOf(visit);
    expect(`${target.origin}${target.pathname}`).toBe(REDIRECT_URI);
    expect(target.searchParams.get('state')).toBe('a state');
    const code = target.searchParams.get('code') as string;
    expect((await suite.exchange(client, { code, verifier })).body).toMatchObject({ scope: 'read' });
  });

  test('[AS-41 §4] a reference can be used once', async () => {
    const { requestUri, verifier } = await push();
    const agent = suite.agent();
    const first = responseOf(await authorize(agent, { verifier, query: query(client, requestUri) }));
    expect(first.get('code')).not.toBeNull();
    const again = await agent.get(`/oauth2/authorize?${query(client, requestUri)}`);
    expectRefused(again);
  });

  test('[AS-41 §2.2] a reference is its application’s', async () => {
    const other = await suite.server.register({ ...FOR_USERS, redirectUris: ['https://other.example.com/'] });
    const { requestUri, verifier } = await push();
    const visit = await suite.agent().get(`/oauth2/authorize?${query(other, requestUri)}`);
    const text = visit.status === 400 ? visit.body : targetOf(visit).href;
    expect(text).toMatch(/invalid_request/);
    expect(text).not.toContain('app.example.com');
    const own = responseOf(await authorize(suite.agent(), { verifier, query: query(client, requestUri) }));
    expect(own.get('code')).not.toBeNull();
  });

  test('[AS-41 §2.2] a reference is short-lived', async () => {
    const { requestUri } = await push();
    suite.clock.offsetSeconds = 61;
    const visit = await suite.agent().get(`/oauth2/authorize?${query(client, requestUri)}`);
    suite.clock.offsetSeconds = 0;
    expectRefused(visit);
  });

  test.each([
    ['urn:ietf:params:oauth:request_uri:nonsense'],
    ['https://evil.example/request.jwt'],
    ['http://169.254.169.254/latest'],
    ['file:///etc/passwd'],
    ['nonsense'],
  ])(
    '[AS-41 AS-44 §2.2] request_uri=%s is refused, fetched from nowhere, and redirects nowhere',
    async (requestUri) => {
      const more = { redirect_uri: 'https://evil.example/', response_type: 'code' };
      const visit = await suite.agent().get(`/oauth2/authorize?${query(client, requestUri, more)}`);
      expect([visit.status, visit.headers.get('location')]).toEqual([400, null]);
      expect(visit.body).not.toContain('evil.example');
    },
  );

  test.each([
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE with plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['an unknown scope', { scope: 'read nope' }, 'invalid_scope'],
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['a reference in place of a request', { request_uri: 'urn:x' }, 'request_uri_not_supported'],
  ])('[AS-41 §2.1] %s is refused at once', async (_name, wrong, error) => {
    const { answer } = await push(client, wrong);
    expectError(answer, 400, error);
  });

  test('[AS-41 §2.1] only of an application that authenticates as itself', async () => {
    const { query: form } = authorization(client);
    const other = await suite.server.register(FOR_USERS);
    expectError(await suite.post('/oauth2/par', Object.fromEntries(form), other), 400, 'invalid_request');
    const wrong = await suite.post('/oauth2/par', Object.fromEntries(form), { ...client, clientSecret: 'x' });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
  });
});
