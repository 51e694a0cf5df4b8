import { beforeAll, describe, expect, test } from '@jest/globals';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../support/authorization.js';
import type { TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';
import { targetOf, type Visit } from '../../support/user-agent.js';

const LOOPBACK = 'http://127.0.0.1:51004/back';

/** A page that says what is wrong, and sends nobody anywhere. */
function expectErrorPage(visit: Visit, parameters: unknown, error?: string): void {
  const { status, headers, body } = visit;
  expect({ parameters, status, location: headers.get('location') }).toEqual({
    parameters,
    status: 400,
    location: null,
  });
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(body).not.toMatch(/http-equiv="refresh"/i);
  if (error !== undefined) expect(body).toContain(error);
}

describe.each(STACKS)('the authorization endpoint, on %s', (name) => {
  const suite = useAuthorizationServer(name);
  let client: TestClient;
  let open: TestClient;
  beforeAll(async () => {
    client = await suite.server.register({ ...FOR_USERS, redirectUris: [REDIRECT_URI, `${REDIRECT_URI}?tenant=1`] });
    open = await suite.server.register({ ...FOR_USERS, clientType: 'public', redirectUris: [LOOPBACK, REDIRECT_URI] });
  });

  test.each([
    ['another host', 'https://app.example.com.evil.example/callback'],
    ['another scheme', 'http://app.example.com/callback'],
    ['a port', 'https://app.example.com:444/callback'],
    ['the default port written out', 'https://app.example.com:443/callback'],
    ['another path', 'https://app.example.com/callback/more'],
    ['a slash at the end', 'https://app.example.com/callback/'],
    ['another case of the path', 'https://app.example.com/Callback'],
    ['another case of the host', 'https://APP.example.com/callback'],
    ['dots in the path', 'https://app.example.com/x/../callback'],
    ['an escape of the same path', 'https://app.example.com/%63allback'],
    ['a query', 'https://app.example.com/callback?x=1'],
    ['one more parameter', 'https://app.example.com/callback?tenant=1&x=2'],
    ['a fragment', 'https://app.example.com/callback#x'],
    ['a user', 'https://app.example.com@evil.example/callback'],
    ['a beginning of it', 'https://app.example.com/call'],
    ['white space', ' https://app.example.com/callback'],
    ['a line break', 'https://app.example.com/callback\r\nx: y'],
    ['a script', 'javascript:alert(1)'],
    ['a relative one', '/callback'],
    ['nothing', ''],
  ])(
    '[AS-24 §3.1.2.3] a redirect URI with %s is another one: refused, and nobody is sent there',
    async (_name, uri) => {
      for (const by of [client, open]) {
        expectErrorPage(await suite.ask(by, { redirect_uri: uri }), uri);
        expectErrorPage(await suite.ask(by, { redirect_uri: uri, prompt: 'none' }), uri);
      }
    },
  );

  test('[AS-24 §3.1.2.3] what is registered is used as it was registered, its query included', async () => {
    const request = authorization(client, { redirect_uri: `${REDIRECT_URI}?tenant=1` });
    const target = targetOf(await authorize(suite.agent(), request));
    expect(`${target.origin}${target.pathname}`).toBe(REDIRECT_URI);
    expect(target.searchParams.get('tenant')).toBe('1');
    expect(target.searchParams.get('code')).not.toBeNull();
    expect(target.hash).toBe('');
  });

  test('[AS-24 RFC 8252 §7.3] of a loopback address only the port may differ, and for public applications only', async () => {
    const answer = await suite.ask(open, { redirect_uri: 'http://127.0.0.1:9/back', prompt: 'none' });
    expect(targetOf(answer).href.startsWith('http://127.0.0.1:9/back?')).toBe(true);
    for (const uri of ['http://localhost:51004/back', 'http://127.0.0.1:51004/other', 'https://127.0.0.1:51004/back']) {
      expectErrorPage(await suite.ask(open, { redirect_uri: uri, prompt: 'none' }), uri);
    }
    for (const uri of ['http://127.0.0.1:1@evil.example/back', 'http://127.0.0.1.evil.example/back']) {
      expectErrorPage(await suite.ask(open, { redirect_uri: uri, prompt: 'none' }), uri);
    }
    const confidential = await suite.server.register({ ...FOR_USERS, redirectUris: [LOOPBACK] });
    expectErrorPage(await suite.ask(confidential, { redirect_uri: 'http://127.0.0.1:9/back' }), 'confidential');
  });

  test.each([undefined, 'none', 'login', 'consent', 'nonsense'])(
    '[AS-25 §4.1.2.1, RFC 9700 §4.11.2] nothing is redirected before application and redirect URI are right, with prompt=%s',
    async (prompt) => {
      for (const wrong of [
        { client_id: 'nobody' },
        { client_id: undefined },
        { client_id: '' },
        { redirect_uri: 'https://evil.example/' },
        { redirect_uri: undefined },
        { client_id: 'nobody', redirect_uri: 'https://evil.example/', response_type: 'token' },
        { redirect_uri: 'https://evil.example/', scope: 'nope', response_type: undefined },
        { redirect_uri: 'https://evil.example/', code_challenge: undefined },
        { redirect_uri: 'https://evil.example/', response_mode: 'form_post' },
      ]) {
        expectErrorPage(await suite.ask(client, { ...wrong, prompt }), wrong);
      }
    },
  );

  test('[AS-25 §4.1.2.1] a disabled application is not an application', async () => {
    const disabled = await suite.server.register(FOR_USERS);
    await suite.server.oauth2.applications.disable(disabled.clientId);
    expectErrorPage(await suite.ask(disabled, { prompt: 'none' }), 'disabled', 'invalid_client');
  });

  test('[AS-25 §3.1] a parameter that occurs twice redirects nowhere unless application and redirect URI are one each', async () => {
    const { query } = authorization(client);
    for (const twice of ['client_id', 'redirect_uri']) {
      for (const value of [query.get(twice), 'https://evil.example/']) {
        const visit = await suite
          .agent()
          .get(`/oauth2/authorize?${query}&${new URLSearchParams({ [twice]: `${value}` })}`);
        expectErrorPage(visit, [twice, value]);
      }
    }
    const visit = await suite.agent().get(`/oauth2/authorize?${query}&scope=write`);
    expect(responseOf(visit).get('error')).toBe('invalid_request');
    expect(targetOf(visit).href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
  });

  test.each([
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['an unknown scope', { scope: 'read nope' }, 'invalid_scope'],
    ['no scope, where there is no default', { scope: undefined }, 'invalid_scope'],
    ['a malformed scope', { scope: 'read "x"' }, 'invalid_scope'],
    ['an unknown prompt', { prompt: 'nonsense' }, 'invalid_request'],
    ['nobody signed in, with prompt=none', { prompt: 'none' }, 'login_required'],
    ['a request object, which is not supported', { request: 'a.b.c' }, 'request_not_supported'],
  ])('[§4.1.2.1] once both are right, %s is told to the application, with its state', async (_name, wrong, error) => {
    const visit = await suite.ask(client, { state: 'ä & = # %41', ...wrong });
    const target = targetOf(visit);
    expect(`${target.origin}${target.pathname}`).toBe(REDIRECT_URI);
    expect(Object.fromEntries(target.searchParams)).toMatchObject({ error, state: 'ä & = # %41' });
    expect(target.searchParams.has('code')).toBe(false);
  });

  test('[§4.1.2.1] a scope that this application may not have is invalid_scope', async () => {
    const limited = await suite.server.register({ ...FOR_USERS, scopes: ['read'] });
    expect(responseOf(await suite.ask(limited, { scope: 'read write' })).get('error')).toBe('invalid_scope');
  });

  test('[§4.1.2.1] an application without the grant is unauthorized_client', async () => {
    const machine = await suite.server.register({ grantTypes: ['client_credentials'], redirectUris: [REDIRECT_URI] });
    const visit = await suite.ask(machine);
    const target = targetOf(visit);
    expect(target.href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
    expect(['unauthorized_client', 'unsupported_response_type']).toContain(target.searchParams.get('error'));
  });

  test.each(['token', 'id_token', 'id_token token', 'code token', 'code id_token', 'none', 'nonsense'])(
    '[AS-28 RFC 9700 §2.1.2] there is no response type %s',
    async (type) => {
      const visit = await suite.ask(client, { response_type: type, scope: 'openid read', nonce: 'n' });
      const target = targetOf(visit);
      const error = target.searchParams.get('error') ?? new URLSearchParams(target.hash.slice(1)).get('error');
      expect(error).toBe('unsupported_response_type');
      expect(target.href).not.toMatch(/access_token|id_token=/);
    },
  );

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('[§3.1] %s is 405, with Allow', async (method) => {
    const answer = await suite.send(`/oauth2/authorize?${authorization(client).query}`, { method });
    expect([answer.status, answer.headers.get('allow'), answer.headers.get('location')]).toEqual([
      405,
      'GET, HEAD, POST',
      null,
    ]);
  });

  test('[§4.1.2] who refuses sends the application access_denied, and no code', async () => {
    const fresh = await suite.server.register(FOR_USERS);
    const visit = await authorize(suite.agent(), authorization(fresh), { decision: 'deny' });
    expect(Object.fromEntries(responseOf(visit))).toMatchObject({ error: 'access_denied', state: 'a state' });
    expect(responseOf(visit).has('code')).toBe(false);
  });
});
