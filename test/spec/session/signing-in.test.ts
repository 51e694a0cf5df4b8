import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';
import { signIn } from '../../support/spec/sessions.js';

describe.each(STACKS)('signing in, on %s', (name) => {
  const shop = useBookstore(name, { environment: { TRUSTED_PROXIES: '1' } });
  const post = (json: unknown, headers: Record<string, string> = {}) =>
    call(`${shop.url}/session`, { method: 'POST', json, headers });

  test('answers the user and the CSRF token', async () => {
    const { reply, csrfToken, cookie } = await signIn(shop.url, 'alice', 'wonderland');
    expect(reply.body).toEqual({ user: 'alice', csrf_token: csrfToken });
    expect(csrfToken).toMatch(/^[\w-]{43}$/);
    expect(cookie).toContain(`csrf_token=${csrfToken}`);
  });

  test('a wrong password, an unknown user and a disabled user get the same answer', async () => {
    const replies = [
      await post({ username: 'alice', password: 'wrong' }),
      await post({ username: 'nobody', password: 'wonderland' }),
      await post({ username: 'carol', password: 'carol' }),
      await post({ username: 'ALICE', password: 'wonderland' }),
      await post({ username: '__proto__', password: 'x' }),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(401);
      expect(reply.body).toEqual({
        error: 'invalid_credentials',
        error_description: 'The username or the password is wrong.',
      });
      expect(reply.headers.getSetCookie()).toEqual([]);
      expect(reply.headers.get('cache-control')).toBe('no-store');
    }
  });

  test('a form is refused: a foreign page could send it', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain']) {
      const body =
        type === 'text/plain' ? '{"username":"alice","password":"wonderland"}' : 'username=alice&password=wonderland';
      const reply = await call(`${shop.url}/session`, { method: 'POST', headers: { 'content-type': type }, body });
      expect(reply.status).toBe(415);
      expect(reply.headers.getSetCookie()).toEqual([]);
    }
  });

  test.each([
    [{}],
    [{ username: 'alice' }],
    [{ username: 'alice', password: ['wonderland'] }],
    [{ username: { $ne: null }, password: 'x' }],
    [{ username: 'alice', password: 'x'.repeat(129) }],
    [[{ username: 'alice', password: 'wonderland' }]],
    [[]],
  ])('a body that is none: 400: %j', async (body) => {
    const reply = await post(body);
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ error: 'invalid_request' });
    expect(reply.text).not.toContain('wonderland');
  });

  test('[TH-48] failed tries are limited by address; those that succeed cost nothing', async () => {
    const headers = { 'x-forwarded-for': '198.51.100.20' };
    const right = { username: 'alice', password: 'wonderland' };
    const wrong = { username: 'alice', password: 'wrong' };
    for (let count = 1; count <= 3; count += 1) expect((await post(right, headers)).status).toBe(200);
    const tries = [];
    for (let count = 1; count <= 20; count += 1) tries.push((await post(wrong, headers)).status);
    expect(tries).toEqual(Array(20).fill(401));
    const refused = await post(right, headers);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await post(right, { 'x-forwarded-for': '198.51.100.21' })).status).toBe(200);
  });
});
