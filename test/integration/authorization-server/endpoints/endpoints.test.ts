import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Authorized, Controller, Get } from 'routing-controllers';
import { authorization, authorize, REDIRECT_URI, responseOf } from '../../../support/authorization.js';
import {
  basic,
  type RunningAuthorizationServer,
  startAuthorizationServer,
} from '../../../support/authorization-server.js';
import { targetOf, UserAgent } from '../../../support/user-agent.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

@Controller()
class Guarded {
  @Get('/guarded')
  @Authorized(['read'])
  get() {
    return { ok: true };
  }
}

describe.each(['sqlite', 'mariadb'] as const)('alongside the controllers (%s)', (kind) => {
  let server: RunningAuthorizationServer;
  beforeAll(async () => {
    server = await startAuthorizationServer(kind, {
      controllers: [Guarded],
      options: {
        dynamicRegistration: {
          initialAccessToken: 'an-initial-access-token-of-a-test',
          scopes: ['read', 'write', 'api'],
          grantTypes: ['authorization_code', 'client_credentials'],
        },
      },
    });
  });
  afterAll(() => server.close());
  const call = (token: unknown, scheme = 'Bearer') =>
    fetch(`${server.url}/guarded`, { headers: { authorization: `${scheme} ${token}` } }).then(({ status }) => status);

  test('a token works on a guarded action at once, and is refused there after it was revoked', async () => {
    const issued: unknown[] = [];
    const stop = server.oauth2.events.on('token.issued', (event) => issued.push(event));
    const client = await server.register();
    const { access_token } = await server.token({ grant_type: 'client_credentials', scope: 'read' }, client);
    stop();
    expect(issued).toEqual([
      {
        clientId: client.clientId,
        userId: undefined,
        grantType: 'client_credentials',
        scopes: ['read'],
        familyId: undefined,
      },
    ]);
    expect(await call(access_token)).toBe(200);
    await server.post('/oauth2/revoke', { token: String(access_token) }, client);
    expect(await call(access_token)).toBe(401);
  });

  test('a token that was asked for before it was issued works nevertheless', async () => {
    const client = await server.register();
    const { access_token } = await server.token({ grant_type: 'client_credentials', scope: 'api' }, client);
    expect(await call(access_token)).toBe(403);
    expect(await call('unknown')).toBe(401);
  });

  test('[AS-41 §2.1] a pushed request is its application’s, and can be used once', async () => {
    const client = await server.register({ grantTypes: ['authorization_code'], redirectUris: [REDIRECT_URI] });
    const other = await server.register({
      grantTypes: ['authorization_code'],
      redirectUris: ['https://other.example.com/'],
    });
    const request = authorization(client);
    const pushed = await server.post('/oauth2/par', request.query.toString(), client);
    const { request_uri, expires_in } = (await pushed.json()) as { request_uri: string; expires_in: number };
    expect(pushed.status).toBe(201);
    expect(expires_in).toBeLessThanOrEqual(60);
    const by = ({ clientId }: { clientId: string }) => new URLSearchParams({ client_id: clientId, request_uri });
    const stranger = await new UserAgent(server.url).get(`/oauth2/authorize?${by(other)}`);
    expect([targetOf(stranger).origin, responseOf(stranger).get('error')]).toEqual([
      'https://other.example.com',
      'invalid_request_object',
    ]);
    const agent = new UserAgent(server.url);
    const response = responseOf(await authorize(agent, { ...request, query: by(client) }));
    expect(response.get('code')).not.toBeNull();
    const again = await agent.get(`/oauth2/authorize?${by(client)}`);
    expect(again.body).toContain('invalid_request_uri');
  });

  test('[AS-41 §2.1] a pushed request to an address that is not registered is refused', async () => {
    const client = await server.register({ grantTypes: ['authorization_code'], redirectUris: [REDIRECT_URI] });
    const { query } = authorization(client, { redirect_uri: 'https://evil.example/' });
    const answer = await server.post('/oauth2/par', query.toString(), client);
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ error: 'invalid_request' })]);
  });

  test('a DPoP proof binds the token to its key, and can be used once (RFC 9449)', async () => {
    const client = await server.register();
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const proof = () =>
      new SignJWT({
        htm: 'POST',
        htu: `${server.url}/oauth2/token`,
        jti: createHash('sha256').update(String(Math.random())).digest('hex'),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey);
    const ask = (dpop: string) =>
      fetch(`${server.url}/oauth2/token`, {
        method: 'POST',
        headers: { authorization: basic(client), dpop },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read' }),
      });
    const first = await proof();
    const answer = await ask(first);
    const body = (await answer.json()) as Record<string, unknown>;
    expect([answer.status, body.token_type]).toEqual([200, 'DPoP']);
    expect((await ask(first)).status).toBe(400);
    expect((await ask('nonsense')).status).toBe(400);
    const inspected = await server.post('/oauth2/introspect', { token: String(body.access_token) }, client);
    expect(await inspected.json()).toMatchObject({ active: true, cnf: { jkt: expect.any(String) } });
    // [RS-20 §7] It is not a bearer token.
    expect(await call(body.access_token)).toBe(401);
  });

  test('an application registers itself with the initial access token, by our rules, and can use its secret', async () => {
    const register = (metadata: unknown, token = 'an-initial-access-token-of-a-test') =>
      fetch(`${server.url}/oauth2/register`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      });
    const metadata = { client_name: 'Self-made', grant_types: ['client_credentials'], response_types: [] };
    expect((await register(metadata, 'wrong')).status).toBe(401);
    const answer = await register({ ...metadata, application: { mayIntrospect: true, scopes: ['introspection'] } });
    const body = (await answer.json()) as Record<string, string>;
    expect([answer.status, body]).toEqual([201, expect.objectContaining({ client_name: 'Self-made' })]);
    expect(body).not.toHaveProperty('application');
    const client = { clientId: body.client_id as string, clientSecret: body.client_secret as string };
    expect(await server.token({ grant_type: 'client_credentials', scope: 'read' }, client)).toMatchObject({
      scope: 'read',
    });
    expect(await server.token({ grant_type: 'client_credentials', scope: 'introspection' }, client)).toMatchObject({
      error: 'invalid_scope',
    });
    const stored = await server.oauth2.applications.findByClientId(client.clientId);
    expect(stored).toMatchObject({ mayIntrospect: false, scope: 'read write api' });
    for (const [wrong, error] of [
      [
        {
          ...metadata,
          grant_types: ['authorization_code'],
          response_types: ['code'],
          redirect_uris: ['javascript:alert(1)'],
        },
        'invalid_redirect_uri',
      ],
      [{ ...metadata, scope: 'introspection' }, 'invalid_client_metadata'],
      [{ ...metadata, grant_types: ['password'] }, 'invalid_client_metadata'],
      [[], 'invalid_request'],
    ] as const) {
      const refused = await register(wrong);
      expect([refused.status, await refused.json()]).toEqual([400, expect.objectContaining({ error })]);
    }
  });
});

describe('limits', () => {
  test('[AS-39 §3.5] a device that asks too often is told to slow down', async () => {
    const server = await startAuthorizationServer('sqlite', { options: { devicePollingSeconds: 5 } });
    try {
      const client = await server.register({ grantTypes: [DEVICE_CODE] });
      const begun = (await (
        await server.post('/oauth2/device_authorization', { scope: 'read' }, client)
      ).json()) as Record<string, string>;
      expect(begun.interval).toBe(5);
      const poll = () => server.token({ grant_type: DEVICE_CODE, device_code: begun.device_code as string }, client);
      expect(await poll()).toMatchObject({ error: 'authorization_pending' });
      expect(await poll()).toMatchObject({ error: 'slow_down' });
    } finally {
      await server.close();
    }
  });

  test('each endpoint has its own, by address; what is refused says when to come again', async () => {
    const rates = { token: '2/h', authorize: '2/h', device: '2/h', introspection: '2/h' };
    const server = await startAuthorizationServer('sqlite', { options: { throttling: rates } });
    try {
      const client = await server.register();
      for (const path of ['/oauth2/token', '/oauth2/introspect', '/oauth2/device_authorization', '/oauth2/par']) {
        for (let count = 0; count < 2; count += 1) expect((await server.post(path, {}, client)).status).not.toBe(429);
        const answer = await server.post(path, {}, client);
        expect([path, answer.status, await answer.json()]).toEqual([
          path,
          429,
          expect.objectContaining({ error: 'throttled' }),
        ]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(answer.headers.get('cache-control')).toBe('no-store');
      }
      const page = await fetch(`${server.url}/oauth2/authorize`);
      expect([page.status, page.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8']);
    } finally {
      await server.close();
    }
  });
});

describe('while the database is unavailable', () => {
  test('programs get 503 temporarily_unavailable as JSON, browsers a page, each with Retry-After; nothing else', async () => {
    const server = await startAuthorizationServer('sqlite');
    const client = await server.register({
      grantTypes: ['client_credentials', 'authorization_code'],
      redirectUris: [REDIRECT_URI],
    });
    expect(await server.token({ grant_type: 'client_credentials', scope: 'read' }, client)).toMatchObject({
      scope: 'read',
    });
    await server.oauth2.knex.destroy();
    try {
      for (const [path, form] of [
        ['/oauth2/token', { grant_type: 'client_credentials', scope: 'read' }],
        ['/oauth2/introspect', { token: 'a' }],
        ['/oauth2/revoke', { token: 'a' }],
        ['/oauth2/device_authorization', { scope: 'read' }],
        ['/oauth2/par', Object.fromEntries(authorization(client).query)],
      ] as const) {
        const answer = await server.post(path, form as Record<string, string>, client);
        expect([path, answer.status, await answer.json()]).toEqual([
          path,
          503,
          expect.objectContaining({ error: 'temporarily_unavailable' }),
        ]);
        expect(answer.headers.get('retry-after')).toBe('1');
      }
      for (const path of [`/oauth2/authorize?${authorization(client).query}`, '/oauth2/logout?client_id=a']) {
        const page = await fetch(`${server.url}${path}`, { redirect: 'manual' });
        expect([path, page.status, page.headers.get('location')]).toEqual([path, 503, null]);
        expect(page.headers.get('content-type')).toContain('text/html');
        expect(page.headers.get('retry-after')).toBe('1');
      }
    } finally {
      await server.close();
    }
  });
});
