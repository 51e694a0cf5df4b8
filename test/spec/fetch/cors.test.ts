import { beforeAll, describe, expect, test } from '@jest/globals';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  type Answer,
  DEVICE_CODE,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

const PAGE = 'https://app.example.com';
const ELSEWHERE = 'https://evil.example';
const FORM = 'application/x-www-form-urlencoded';
/** The endpoints where the application decides which pages may read. */
const OF_APPLICATIONS = ['token', 'introspect', 'revoke', 'device_authorization', 'par', 'userinfo'] as const;
const OF_EVERYBODY = [
  '/oauth2/jwks',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
] as const;

/** A page of the origin may read the answer, and what it needs to go on. */
function expectReadable(answer: Answer, origin = PAGE): void {
  const { headers } = answer;
  expect(headers.get('access-control-allow-origin')).toBe(origin);
  const exposed = (headers.get('access-control-expose-headers') ?? '').toLowerCase().split(', ');
  expect(exposed).toEqual(expect.arrayContaining(['retry-after', 'www-authenticate', 'dpop-nonce']));
  for (const field of ['ratelimit', 'ratelimit-policy']) {
    if (headers.has(field)) expect(exposed).toContain(field);
  }
  expect(headers.get('access-control-allow-credentials')).toBeNull();
  if (origin !== '*') expect(varies(answer)).toContain('origin');
}

/** No page of another origin may read the answer. */
function expectUnreadable({ headers }: Answer): void {
  expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
}

function varies({ headers }: Answer): string[] {
  return (headers.get('vary') ?? '').toLowerCase().split(/, */);
}

describe.each(STACKS)('answers for pages of other origins, on %s', (name) => {
  const suite = useAuthorizationServer(name, { options: { devicePollingSeconds: 5 } });
  let page: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    page = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
    machine = await suite.server.register();
  });

  const ask = (path: string, init: RequestInit & { readonly origin?: string } = {}) => {
    const { origin = PAGE, headers, ...rest } = init;
    return suite.send(path, { ...rest, headers: { origin, ...(headers as Record<string, string>) } });
  };
  const post = (path: string, form: Record<string, string>, origin = PAGE, headers: Record<string, string> = {}) =>
    ask(`/oauth2/${path}`, { method: 'POST', body: new URLSearchParams(form), origin, headers });
  const preflight = (path: string, origin: string, fields = 'content-type,dpop', method = 'POST') =>
    ask(path, {
      method: 'OPTIONS',
      origin,
      headers: { 'access-control-request-method': method, 'access-control-request-headers': fields },
    });

  test('[AS-60 Fetch §3.3.2] a success of every endpoint can be read from where the redirect URIs are', async () => {
    const tokens = await suite.tokens(page, { scope: 'openid read' });
    const own = { client_id: page.clientId };
    expectReadable(await post('token', { ...own, grant_type: 'refresh_token', refresh_token: tokens.refresh_token }));
    expectReadable(await post('device_authorization', { ...own, scope: 'read' }));
    expectReadable(await post('introspect', { ...own, token: tokens.access_token }));
    expectReadable(await post('par', { ...own, response_type: 'code', scope: 'read', code_challenge_method: 'S256' }));
    const authorization = `Bearer ${tokens.access_token}`;
    for (const method of ['GET', 'POST']) {
      const answer = await ask('/oauth2/userinfo', { method, headers: { authorization } });
      expect(answer.status).toBe(200);
      expectReadable(answer);
    }
    const revoked = await post('revoke', { ...own, token: tokens.access_token });
    expect([revoked.status, revoked.text]).toEqual([200, '{}']);
    expectReadable(revoked);
  });

  test.each(OF_APPLICATIONS)(
    '[AS-60] /%s: what is refused before the application is known can be read: method, media type, size, form',
    async (endpoint) => {
      const path = `/oauth2/${endpoint}`;
      const refusals: [string, number, Promise<Answer>][] = [
        ['another method', 405, ask(path, { method: 'PUT' })],
        ['JSON', 400, ask(path, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })],
        ['too much', 400, post(endpoint, { token: 'x'.repeat(70_000) })],
        ['arrays', 400, post(endpoint, { 'token[]': 'x' })],
        [
          'compressed',
          400,
          ask(path, { method: 'POST', body: 'x', headers: { 'content-type': FORM, 'content-encoding': 'gzip' } }),
        ],
      ];
      for (const [what, status, pending] of refusals) {
        const answer = await pending;
        expect([what, answer.status]).toEqual([what, status]);
        expectReadable(answer);
      }
    },
  );

  test('[AS-60] what oidc-provider refuses can be read too, with the challenge', async () => {
    const own = { client_id: page.clientId };
    const answers: [number, Answer][] = [
      [400, await post('token', { ...own, grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://x/' })],
      [400, await post('token', { ...own, grant_type: 'nonsense' })],
      [401, await post('token', { client_id: 'nobody', grant_type: 'authorization_code', code: 'x' })],
      [400, await post('token', {})],
      [400, await post('revoke', own)],
      [400, await post('introspect', own)],
      [400, await post('device_authorization', { ...own, scope: 'nope' })],
      [400, await post('par', { ...own, scope: 'nope' })],
      [401, await ask('/oauth2/userinfo', { headers: { authorization: 'Bearer unknown' } })],
    ];
    for (const [status, answer] of answers) {
      expect([status, answer.text]).toEqual([answer.status, answer.text]);
      expectReadable(answer);
    }
  });

  test('[AS-60 RFC 8628 §3.5] slow_down can be read by the pages of the application, and by no others', async () => {
    const { body } = await post('device_authorization', { client_id: page.clientId, scope: 'read' });
    const poll = (origin = PAGE) =>
      post(
        'token',
        { grant_type: DEVICE_CODE, client_id: page.clientId, device_code: String(body.device_code) },
        origin,
      );
    const [first, second, other] = [await poll(), await poll(), await poll(ELSEWHERE)];
    expect([first.body.error, second.body.error]).toEqual(['authorization_pending', 'slow_down']);
    for (const answer of [first, second]) expectReadable(answer);
    expect(other.body.error).toBe('slow_down');
    expectUnreadable(other);
  });

  test('[AS-60] pages of others are refused where the application is known, and read nothing', async () => {
    const { access_token: token } = await suite.tokens(page, { scope: 'openid read' });
    for (const origin of [ELSEWHERE, 'null', 'https://app.example.com.evil.example', 'http://app.example.com']) {
      const answers = [
        await post('revoke', { client_id: page.clientId, token }, origin),
        await post('device_authorization', { client_id: page.clientId, scope: 'read' }, origin),
        await ask('/oauth2/userinfo', { origin, headers: { authorization: `Bearer ${token}` } }),
        await post('introspect', { token }, origin, { authorization: basic(machine) }),
        await post('token', { grant_type: 'client_credentials', scope: 'read' }, origin, {
          authorization: basic(machine),
        }),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
        expectUnreadable(answer);
        expect(varies(answer)).toContain('origin');
      }
    }
    expect((await ask('/oauth2/userinfo', { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  });

  test('[AS-60] the origin null, which any page can have, reads no answer that an application decides on', async () => {
    const native = await suite.server.register({
      ...FOR_USERS,
      clientType: 'public',
      redirectUris: ['com.example.app:/callback'],
    });
    const answers = [
      await post('device_authorization', { client_id: native.clientId, scope: 'read' }, 'null'),
      await post('token', { client_id: 'nobody', grant_type: 'refresh_token' }, 'null'),
      await ask('/oauth2/token', { origin: 'null' }),
      await ask('/oauth2/userinfo', { origin: 'null' }),
      await preflight('/oauth2/token', 'null'),
    ];
    for (const answer of answers) expectUnreadable(answer);
  });

  test.each(['http://127.0.0.1', 'http://localhost', 'http://[::1]'])(
    '[AS-60 RFC 8252 §7.3] a page on this machine (%s) may have any port, of its own host',
    async (host) => {
      const native = await suite.server.register({
        ...FOR_USERS,
        clientType: 'public',
        redirectUris: [`${host}:3000/callback`],
      });
      const from = (origin: string) =>
        post('device_authorization', { client_id: native.clientId, scope: 'read' }, origin);
      for (const origin of [`${host}:3000`, `${host}:49152`, host]) expectReadable(await from(origin), origin);
      for (const origin of [`${host}.evil.example:3000`, host.replace('http:', 'https:'), 'http://127.0.0.2:3000']) {
        expectUnreadable(await from(origin));
      }
    },
  );

  test('[AS-60] a page of the server’s own origin is no page of another one', async () => {
    const answer = await post('token', { grant_type: 'client_credentials', scope: 'read' }, suite.url, {
      authorization: basic(machine),
    });
    expect(answer.status).toBe(200);
  });

  test('[AS-60] without an origin there is nothing to allow; caches are told what the answer depends on', async () => {
    const own = await suite.ownToken(machine);
    const answers = [
      await suite.token({ grant_type: 'client_credentials', scope: 'read' }, machine),
      await suite.token({ grant_type: 'client_credentials', scope: 'read', unknown: 'parameter' }, machine),
      await suite.introspect(machine, own),
      await suite.introspect(machine, 'unknown'),
      await suite.revoke(machine, 'unknown'),
      await suite.send('/oauth2/userinfo'),
      await suite.send('/oauth2/token'),
    ];
    for (const answer of answers) {
      expectUnreadable(answer);
      expect(varies(answer)).toContain('origin');
    }
  });

  test.each(OF_EVERYBODY)('[AS-60] %s is for everybody: one answer for all, that caches may keep', async (path) => {
    for (const origin of [PAGE, ELSEWHERE]) {
      for (const method of ['GET', 'HEAD', 'PUT']) {
        const answer = await ask(path, { method, origin });
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
        expect(varies(answer)).not.toContain('origin');
      }
    }
    expect((await suite.send(path)).headers.get('access-control-allow-origin')).toBe('*');
  });

  test.each([...OF_APPLICATIONS.map((one) => `/oauth2/${one}`), ...OF_EVERYBODY])(
    '[AS-60 Fetch §3.3.2] a preflight at %s allows what the endpoint takes, whoever asks',
    async (path) => {
      for (const origin of [PAGE, ELSEWHERE]) {
        const { status, text, headers } = await preflight(path, origin);
        expect([status, text]).toEqual([204, '']);
        expect([origin, '*']).toContain(headers.get('access-control-allow-origin'));
        expect(headers.get('access-control-allow-headers')).toBe('content-type,dpop');
        expect(headers.get('access-control-allow-credentials')).toBeNull();
        expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0);
        const methods = headers.get('access-control-allow-methods')?.split(', ') ?? [];
        expect(headers.get('allow')?.split(', ')).toEqual([...methods, 'OPTIONS']);
        const read = path.endsWith('userinfo') || path.includes('.well-known') || path.endsWith('jwks');
        expect([path, methods.includes('POST'), methods.includes('GET')]).toEqual([
          path,
          !read || path.endsWith('userinfo'),
          read,
        ]);
      }
      const plain = await suite.send(path, { method: 'OPTIONS' });
      expect([plain.status, plain.headers.get('access-control-allow-methods')]).toEqual([204, null]);
    },
  );

  test.each(['/oauth2/authorize', '/oauth2/logout', '/oauth2/device', '/oauth2/sign-in'])(
    '[AS-60] %s is for people: no page of another origin reads it',
    async (path) => {
      expectUnreadable(await ask(path));
      const asked = await preflight(path, PAGE, 'content-type', 'GET');
      expect(asked.status).toBe(405);
      expectUnreadable(asked);
    },
  );
});

describe.each(STACKS)('rates and pages of other origins, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      throttling: { token: '3/h', authorize: '3/h', device: '3/h', introspection: '3/h' },
      dynamicRegistration: {},
    },
    oauth2: { trustedProxies: 1 },
  });
  let page: TestClient;
  beforeAll(async () => {
    page = await suite.server.register({ ...FOR_USERS, clientType: 'public' });
  });

  const paths = ['token', 'introspect', 'revoke', 'device_authorization', 'par', 'register'] as const;
  const request = (endpoint: (typeof paths)[number], address: string, method = 'POST') =>
    suite.send(`/oauth2/${endpoint}`, {
      method,
      headers: {
        origin: PAGE,
        'x-forwarded-for': address,
        'access-control-request-method': 'POST',
        ...(method === 'POST' && { 'content-type': endpoint === 'register' ? 'application/json' : FORM }),
      },
      ...(method === 'POST' && { body: endpoint === 'register' ? '{}' : `client_id=${page.clientId}&token=x` }),
    });

  test.each(paths)('[AS-60 TH-51] at /%s preflights spend nothing, and a 429 can be read', async (endpoint) => {
    const address = `198.51.100.${10 + paths.indexOf(endpoint)}`;
    for (let count = 1; count <= 10; count += 1) {
      const answer = await request(endpoint, address, 'OPTIONS');
      expect([answer.status, answer.headers.get('ratelimit')]).toEqual([204, null]);
    }
    const expected = endpoint === 'register' ? '*' : PAGE;
    for (let count = 1; count <= 3; count += 1) {
      const answer = await request(endpoint, address);
      expect(answer.status).not.toBe(429);
      expectReadable(answer, expected);
    }
    const refused = await request(endpoint, address);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    expectReadable(refused, expected);
    expect((await request(endpoint, address, 'OPTIONS')).status).toBe(204);
  });
});

describe('applications that register themselves from a page', () => {
  const suite = useAuthorizationServer('SQLite + memory', { options: { dynamicRegistration: {} } });

  test('[AS-60 RFC 7591 §3] a registration has a preflight, and its answers can be read', async () => {
    const asked = await suite.send('/oauth2/register', {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'POST']);
    expect(asked.headers.get('access-control-allow-origin')).toBe('*');
    expect(asked.headers.get('access-control-allow-headers')).toBe('authorization,content-type');
    const metadata = {
      redirect_uris: [`${PAGE}/callback`],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
    };
    const send = (body: string, type = 'application/json') =>
      suite.send('/oauth2/register', { method: 'POST', headers: { origin: PAGE, 'content-type': type }, body });
    const answers: [number, Answer][] = [
      [201, await send(JSON.stringify(metadata))],
      [400, await send(JSON.stringify({ ...metadata, redirect_uris: ['http://x.example/'] }))],
      [400, await send('{')],
      [400, await send('a=b', FORM)],
    ];
    for (const [status, answer] of answers) {
      expect([status, answer.text]).toEqual([answer.status, answer.text]);
      expectReadable(answer, '*');
    }
  });
});

describe('a host that has a CORS middleware of its own', () => {
  const suite = useAuthorizationServer('SQLite + memory', {
    before: (koa) =>
      koa.use(async (context, next) => {
        context.set('Access-Control-Allow-Origin', 'https://host.example');
        await next();
      }),
  });

  test('[AS-60] what it has allowed stands', async () => {
    for (const path of ['/oauth2/token', '/oauth2/jwks', '/oauth2/userinfo']) {
      const answer = await suite.send(path, { headers: { origin: PAGE } });
      expect(answer.headers.get('access-control-allow-origin')).toBe('https://host.example');
    }
  });
});
