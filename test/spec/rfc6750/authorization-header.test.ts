import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call, callRaw } from '../../support/spec/http.js';
import { expectInvalidToken, expectNoCredentials, INVALID, withoutMetadata } from '../../support/spec/refusals.js';

describe.each(STACKS)('the Authorization header, on %s', (name) => {
  const shop = useBookstore(name);
  const get = (authorization: string) => call(`${shop.url}/api/protected`, { headers: { authorization } });
  const getRaw = (...fields: string[]) => callRaw(shop.url, 'GET /api/protected', fields);

  test('[RS-5 §3.1] without credentials: 401, and a challenge without error', async () => {
    expectNoCredentials(await call(`${shop.url}/api/protected`));
  });

  test('[RS-5 §3.1] an empty header is no credentials', async () => {
    expectNoCredentials(await get(''));
    expect((await getRaw('Authorization:')).fields('www-authenticate').map(withoutMetadata)).toEqual([
      'Bearer realm="api"',
    ]);
  });

  test.each(['Basic YWxpY2U6d29uZGVybGFuZA==', 'Token abc', 'Digest username="alice"', 'Bearertoken abc'])(
    '[RS-5 §3.1] another scheme is no credentials: %s',
    async (authorization) => {
      expectNoCredentials(await get(authorization));
    },
  );

  test.each(['Bearer', 'bearer', 'BEARER', 'bEaReR'])(
    '[RS-1 §2.1] the scheme is read in any case: %s',
    async (scheme) => {
      const token = await shop.issue('api', { user: 'alice' });
      const reply = await get(`${scheme} ${token}`);
      expect(reply.status).toBe(200);
      expect(reply.body).toEqual({ user: 'alice', scopes: ['api'] });
    },
  );

  test('[RS-1 RFC 9110 §11.4] one or more spaces stand between scheme and token', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    for (const spaces of [' ', '  ', '     ']) {
      expect((await getRaw(`Authorization: Bearer${spaces}${token}`)).status).toBe(200);
    }
  });

  test('[RS-1 RFC 9110 §5.5] whitespace around the field value is not part of it', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    expect((await getRaw(`Authorization:Bearer ${token}`)).status).toBe(200);
    expect((await getRaw(`Authorization: \t Bearer ${token} \t `)).status).toBe(200);
  });

  test('[RS-1 RFC 9110 §11.4] a tab between scheme and token is not a space', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    for (const separator of ['\t', ' \t', '\t ']) {
      const reply = await getRaw(`Authorization: Bearer${separator}${token}`);
      expect(reply.status).toBe(401);
      expect(reply.fields('www-authenticate')[0]).toMatch(/^Bearer realm="api"/);
    }
  });

  test.each([
    'Bearer',
    'Bearer a b',
    'Bearer ä',
    'Bearer a,b',
    'Bearer "abc"',
    'Bearer =abc',
    'Bearer a=b',
    'Bearer abc\u00a0',
  ])('[RS-1 §2.1] a token that is not a b64token is invalid: %s', async (authorization) => {
    const reply = await getRaw(`Authorization: ${authorization}`);
    expect(reply.status).toBe(401);
    expect(JSON.parse(reply.text)).toEqual({ error: 'invalid_token', error_description: INVALID });
    expect(reply.fields('www-authenticate').map(withoutMetadata)).toEqual([
      `Bearer realm="api", error="invalid_token", error_description="${INVALID}"`,
    ]);
  });

  test('[RS-1 §2.1] a valid token with something behind it is invalid', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    expectInvalidToken(await get(`Bearer ${token} ${token}`));
    expectInvalidToken(await get(`Bearer ${token}, Bearer ${token}`));
  });

  test('[RS-2 §2, §3.1] two Authorization fields: 400 invalid_request, whichever comes first', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    const good = `Authorization: Bearer ${token}`;
    for (const fields of [
      [good, good],
      [good, 'Authorization: Bearer other'],
      ['Authorization: Bearer other', good],
      ['Authorization: Basic YTpi', good],
      [good, 'authorization: Basic YTpi'],
    ]) {
      const reply = await getRaw(...fields);
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.text)).toEqual({
        error: 'invalid_request',
        error_description: 'The request presents an access token in more than one way.',
      });
      expect(reply.fields('www-authenticate')[0]).toMatch(/^Bearer realm="api", error="invalid_request", /);
    }
  });

  test('[RS-3 §2.2, RS-4 §2.3] tokens in the body and in the query are off by default', async () => {
    const token = await shop.issue('api read write', { user: 'alice' });
    expectNoCredentials(await call(`${shop.url}/api/protected?access_token=${token}`));
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const posted = await call(`${shop.url}/api/read-write`, {
      method: 'POST',
      headers: form,
      body: `access_token=${token}`,
    });
    expectNoCredentials(posted);
  });

  test('[RS-2 §3.1] a bad header and a valid token in the query, which is off: 401', async () => {
    const token = await shop.issue('api', { user: 'alice' });
    expectInvalidToken(await call(`${shop.url}/api/protected?access_token=${token}`, { token: 'unknown' }));
  });

  test.each(['a=%', 'a=%zz', '%E0%A4%A', 'a=1&b=%1'])(
    '[RS-2 §3.1] a broken percent-escape in the query: 400: %s',
    async (query) => {
      const token = await shop.issue('api', { user: 'alice' });
      const reply = await callRaw(shop.url, `GET /api/protected?${query}`, [`Authorization: Bearer ${token}`]);
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.text)).toEqual({
        error: 'invalid_request',
        error_description: 'The query holds a broken percent-escape.',
      });
    },
  );

  test.each(['%E0%A4', '%00', '%FF', 'a[b]=%20'])(
    'an odd but whole percent-escape in the query is read: %s',
    async (query) => {
      const token = await shop.issue('api', { user: 'alice' });
      const reply = await callRaw(shop.url, `GET /api/protected?${query}`, [`Authorization: Bearer ${token}`]);
      expect(reply.status).toBe(200);
    },
  );
});
