import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';
import {
  expectAccessDenied,
  expectInsufficientScope,
  expectInvalidToken,
  expectNoCredentials,
} from '../../support/spec/refusals.js';
import { cookieOf, signIn } from '../../support/spec/sessions.js';

const CSRF = 'The CSRF token is missing or wrong; repeat it in the header X-CSRF-Token.';

describe.each(STACKS)('sessions, on %s', (name) => {
  const shop = useBookstore(name);
  const hybrid = (headers: Record<string, string>, token?: string) =>
    call(`${shop.url}/api/hybrid`, { headers, token });
  const signOut = (headers: Record<string, string>) => call(`${shop.url}/session`, { method: 'DELETE', headers });

  test('a user of a session is admitted where sessions are', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    expect(await hybrid({ cookie })).toMatchObject({ status: 200, body: { user: 'bob', auth_type: 'session' } });
    expect(await call(`${shop.url}/api/user-only`, { headers: { cookie } })).toMatchObject({
      status: 200,
      body: { user: 'bob' },
    });
    expect(await call(`${shop.url}/api/public`, { headers: { cookie } })).toMatchObject({ body: { user: 'bob' } });
  });

  test('a session has no scopes: where a token is needed it is refused', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    const reply = await call(`${shop.url}/api/protected`, { headers: { cookie } });
    expectInsufficientScope(reply, { required: ['api'], provided: [], scope: 'api' });
  });

  test('staff is admitted by a session as by a token', async () => {
    const status = async (user: string, password: string) => {
      const { cookie } = await signIn(shop.url, user, password);
      return (await call(`${shop.url}/api/admin-or-scope`, { headers: { cookie } })).status;
    };
    expect(await status('alice', 'wonderland')).toBe(200);
    expect(await status('bob', 'builder')).toBe(403);
  });

  test('a session and a bad bearer token: 401, a bad credential is never ignored', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    expectInvalidToken(await hybrid({ cookie }, 'unknown'));
    expectInvalidToken(await hybrid({ cookie, authorization: 'Bearer' }));
  });

  test('a session and a good bearer token without the scope: 403', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    const token = await shop.issue('read', { user: 'bob' });
    expectInsufficientScope(await hybrid({ cookie }, token), { required: ['api'], provided: ['read'], scope: 'api' });
  });

  test('a session and a good bearer token: the token decides who it is', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    const token = await shop.issue('api', { user: 'alice' });
    expect(await hybrid({ cookie }, token)).toMatchObject({ body: { user: 'alice', auth_type: 'oauth2' } });
  });

  test('a session and an unsafe method without the CSRF token: 403', async () => {
    const { cookie, csrfToken } = await signIn(shop.url, 'bob', 'builder');
    expectAccessDenied(await signOut({ cookie }), CSRF);
    expectAccessDenied(await signOut({ cookie, 'x-csrf-token': 'wrong' }), CSRF);
    expectAccessDenied(await signOut({ cookie, 'x-csrf-token': csrfToken.slice(1) }), CSRF);
    const other = await signIn(shop.url, 'alice', 'wonderland');
    expectAccessDenied(await signOut({ cookie, 'x-csrf-token': other.csrfToken }), CSRF);
  });

  test('the CSRF cookie alone is not enough: a foreign page makes the browser send it too', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    expect(cookie).toContain('csrf_token=');
    expectAccessDenied(await signOut({ cookie }), CSRF);
  });

  test('a bearer request needs no CSRF token', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    const token = await shop.issue('write', { user: 'bob' });
    expect((await call(`${shop.url}/api/read-write`, { method: 'POST', token })).status).toBe(200);
    expect((await call(`${shop.url}/api/read-write`, { method: 'POST', token, headers: { cookie } })).status).toBe(200);
  });

  test('signing out needs the session and its CSRF token, and ends both', async () => {
    const { cookie, csrfToken } = await signIn(shop.url, 'bob', 'builder');
    const reply = await signOut({ cookie, 'x-csrf-token': csrfToken });
    expect(reply).toMatchObject({ status: 204, text: '' });
    const left = cookieOf(reply);
    expect(left).toContain('bookstore.session=');
    expectNoCredentials(await hybrid({ cookie: left }));
  });

  test('signing out without a session: 401; with a token alone: 403', async () => {
    expectNoCredentials(await signOut({}));
    const token = await shop.issue('', { user: 'bob' });
    expectAccessDenied(await call(`${shop.url}/session`, { method: 'DELETE', token }), 'A session is needed.');
  });

  test('a cookie that was changed is not a session', async () => {
    const { cookie } = await signIn(shop.url, 'bob', 'builder');
    const content = Buffer.from(JSON.stringify({ userId: 'alice', csrfToken: 'x' })).toString('base64');
    expectNoCredentials(await hybrid({ cookie: cookie.replace(/(bookstore\.session=)[^;]+/, `$1${content}`) }));
    expectNoCredentials(await hybrid({ cookie: 'bookstore.session=%%%; bookstore.session.sig=x' }));
  });

  test('[RFC 9700 §4.16] cookies: the session is out of reach of scripts and of foreign pages', async () => {
    const { reply } = await signIn(shop.url, 'bob', 'builder');
    const lines = reply.headers.getSetCookie();
    for (const line of lines) expect(line).toMatch(/; samesite=lax/i);
    const session = lines.filter((line) => line.startsWith('bookstore.session'));
    expect(session).toHaveLength(2);
    for (const line of session) expect(line).toMatch(/; httponly/i);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });
});

describe('sessions of two processes with the same SESSION_KEYS', () => {
  const shop = useBookstore('MariaDB + Redis', {
    processes: 2,
    environment: { SESSION_KEYS: 'new-key-of-the-test, old-key-of-the-test' },
  });

  test('a session that one of them started is known to the other', async () => {
    const [first = '', second = ''] = shop.urls;
    const { cookie } = await signIn(first, 'bob', 'builder');
    expect(await call(`${second}/api/hybrid`, { headers: { cookie } })).toMatchObject({
      status: 200,
      body: { user: 'bob', auth_type: 'session' },
    });
  });
});
