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

const GRANT_TYPES = [
  'client_credentials',
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
];

describe.each(['sqlite', 'mariadb'] as const)('scopes (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  let limited: TestClient;
  beforeAll(async () => {
    server = await startAuthorizationServer(kind, {
      options: {
        resources: { 'https://notes.example.com': { scopes: ['read', 'write'], accessTokenLifetimeSeconds: 60 } },
      },
    });
    const redirectUris = [REDIRECT_URI];
    limited = await server.register({ grantTypes: GRANT_TYPES, redirectUris, scopes: ['read', 'write'] });
  });
  afterAll(() => server.close());

  const credentials = (form: Record<string, string>, client = limited) =>
    server.token({ grant_type: 'client_credentials', ...form }, client);

  test('a token has the scopes that were asked for, each once, in their order', async () => {
    expect(await credentials({ scope: 'write read write' })).toMatchObject({ scope: 'write read' });
  });

  test.each([
    ['unknown', 'read nope'],
    ['not allowed for the application', 'read api'],
    ['malformed', 'read "write"'],
    ['an object’s own property', 'toString'],
  ])('a scope that is %s is invalid_scope for every grant, never dropped', async (_name, scope) => {
    expect(await credentials({ scope })).toMatchObject({ error: 'invalid_scope' });
    const device = await server.post('/oauth2/device_authorization', { scope }, limited);
    expect([device.status, await device.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_scope' })]);
    const { query } = authorization(limited, { scope });
    const pushed = await server.post('/oauth2/par', query.toString(), limited);
    expect([pushed.status, await pushed.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_scope' })]);
    const visit = await new UserAgent(server.url).get(`/oauth2/authorize?${query}`);
    expect(responseOf(visit).get('error')).toBe('invalid_scope');
  });

  test('no scope is invalid_scope where there are no defaults (RFC 6749 §3.3)', async () => {
    expect(await credentials({})).toMatchObject({ error: 'invalid_scope' });
  });

  test('[AS-31 §6] a refresh narrows, and never widens', async () => {
    const code = await codeFor(server, limited, { scope: 'read' });
    const tokens = (await (await exchange(server, limited, code)).json()) as Record<string, string>;
    const refresh = (scope: string, token: string) =>
      server.token({ grant_type: 'refresh_token', refresh_token: token, scope }, limited);
    expect(await refresh('read write', tokens.refresh_token as string)).toMatchObject({ error: 'invalid_scope' });
    expect(await refresh('nope', tokens.refresh_token as string)).toMatchObject({ error: 'invalid_scope' });
    expect(await refresh('read', tokens.refresh_token as string)).toMatchObject({ scope: 'read' });
  });

  test('[AS-42 §2] a resource is known, absolute and without fragment, and limits the scopes', async () => {
    for (const resource of ['https://other.example.com', 'notes', 'https://notes.example.com#x']) {
      expect(await credentials({ scope: 'read', resource })).toMatchObject({ error: 'invalid_target' });
    }
    const answer = await credentials({ scope: 'read', resource: 'https://notes.example.com' });
    expect(answer).toMatchObject({ scope: 'read', expires_in: 60 });
    const inspected = await server.post('/oauth2/introspect', { token: String(answer.access_token) }, limited);
    expect(await inspected.json()).toMatchObject({ active: true, aud: 'https://notes.example.com' });
  });

  test('[AS-42 §2.2] a code exchange for a resource that was not granted is invalid_target', async () => {
    const code = await codeFor(server, limited, { scope: 'read' });
    const answer = await exchange(server, limited, code, { resource: 'https://notes.example.com' });
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_target' })]);
  });

  test('a code for a resource gives a token for it', async () => {
    const code = await codeFor(server, limited, { scope: 'read', resource: 'https://notes.example.com' });
    const tokens = (await (await exchange(server, limited, code)).json()) as Record<string, string>;
    expect(tokens).toMatchObject({ scope: 'read', expires_in: 60 });
  });
});

describe('default scopes', () => {
  test('are what a request has that names none, as far as the application may have them', async () => {
    const server = await startAuthorizationServer('sqlite', { options: { defaultScopes: ['read', 'write'] } });
    try {
      const all = await server.register();
      const limited = await server.register({ scopes: ['write'] });
      const none = await server.register({ scopes: ['api'] });
      const ask = (client: TestClient) => server.token({ grant_type: 'client_credentials' }, client);
      expect(await ask(all)).toMatchObject({ scope: 'read write' });
      expect(await ask(limited)).toMatchObject({ scope: 'write' });
      expect(await ask(none)).toMatchObject({ error: 'invalid_scope' });
      const web = await server.register({ grantTypes: GRANT_TYPES, redirectUris: [REDIRECT_URI] });
      const request = authorization(web, { scope: undefined });
      const code = responseOf(await authorize(new UserAgent(server.url), request)).get('code') as string;
      const tokens = await exchange(server, web, { code, verifier: request.verifier });
      expect(await tokens.json()).toMatchObject({ scope: 'read write' });
    } finally {
      await server.close();
    }
  });
});
