import { describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { Authorized, Body, Ctx, Get, JsonController, Post } from 'routing-controllers';
import { bearer } from '../../../src/public/index.js';
import { STACKS } from '../../support/bookstore.js';
import { useApplication } from '../../support/spec/application.js';
import { call } from '../../support/spec/http.js';
import { EXPIRED, expectInvalidRequest, expectInvalidToken, expectNoCredentials } from '../../support/spec/refusals.js';

const TWICE = 'The request presents an access token in more than one way.';
const REPEATED = 'The parameter access_token is repeated or malformed.';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

@Authorized('a')
@JsonController('/things')
class Things {
  @Get()
  list(@Ctx() context: Context) {
    return { url: context.url, originalUrl: context.originalUrl, query: context.query };
  }

  @Post()
  create(@Body() body: Record<string, unknown>) {
    return { names: Object.keys(body) };
  }
}

describe.each(STACKS)('a token in the form body and in the query, where both are on, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: { authenticators: [bearer({ body: true, query: true })] },
    server: { controllers: [Things] },
  });
  const post = (body: string, headers: Record<string, string> = FORM, token?: string) =>
    call(`${application.url}/things`, { method: 'POST', headers, body, token });
  const get = (query: string, token?: string) => call(`${application.url}/things?${query}`, { token });

  test('[RS-3 §2.2] an urlencoded body may hold the token', async () => {
    const token = await application.issue('a');
    const reply = await post(`x=1&access_token=${token}`);
    expect(reply.status).toBe(200);
    const charset = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect((await post(`access_token=${token}`, charset)).status).toBe(200);
  });

  test('[RS-3 §2.2] a body of another type may not', async () => {
    const token = await application.issue('a');
    const json = { 'content-type': 'application/json' };
    expectNoCredentials(await post(JSON.stringify({ access_token: token }), json));
    const boundary = { 'content-type': 'multipart/form-data; boundary=x' };
    const part = `--x\r\nContent-Disposition: form-data; name="access_token"\r\n\r\n${token}\r\n--x--\r\n`;
    expectNoCredentials(await post(part, boundary));
    expectNoCredentials(await post(`access_token=${token}`, { 'content-type': 'text/plain' }));
  });

  test('[RS-2 §3.1] a repeated parameter is refused, in the body and in the query', async () => {
    const token = await application.issue('a');
    expectInvalidRequest(await post(`access_token=${token}&access_token=${token}`), REPEATED);
    expectInvalidRequest(await get(`access_token=${token}&access_token=other`), REPEATED);
  });

  test('[RS-2 §2] more than one way at once is refused, good or bad', async () => {
    const token = await application.issue('a');
    expectInvalidRequest(await get(`access_token=${token}`, 'unknown'), TWICE);
    expectInvalidRequest(await get(`access_token=${token}`, token), TWICE);
    expectInvalidRequest(await post(`access_token=${token}`, FORM, token), TWICE);
    const both = call(`${application.url}/things?access_token=${token}`, {
      method: 'POST',
      headers: FORM,
      body: `access_token=${token}`,
    });
    expectInvalidRequest(await both, TWICE);
  });

  test('[RS-6 §3.1] an invalid token is refused there as in the header', async () => {
    expectInvalidToken(await get('access_token=unknown'));
    expectInvalidToken(await get('access_token='));
    expectInvalidToken(await post('access_token=a%20b'));
    const expired = await application.issue('a', { lifetimeSeconds: -1 });
    expectInvalidToken(await post(`access_token=${expired}`), EXPIRED);
  });

  test('[RS-4 §2.3] an answer to a token in the query is private to its caller', async () => {
    const token = await application.issue('a');
    const reply = await get(`access_token=${token}`);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('cache-control')).toBe('private');
    const header = await call(`${application.url}/things`, { token });
    expect(header.headers.get('cache-control')).toBeNull();
  });

  test('[RS-4 RFC 9700 §4.3.2] the token is gone from the URL before anything can log it', async () => {
    const token = await application.issue('a');
    const reply = await get(`before=1&access_token=${token}&after=2`);
    expect(reply.status).toBe(200);
    expect(reply.text).not.toContain(token);
    expect(reply.body).toMatchObject({ query: { before: '1', after: '2' } });
  });

  test('[RS-4 §2.3] a broken percent-escape alongside the token: 400', async () => {
    const token = await application.issue('a');
    const reply = await get(`access_token=${token}&x=%`);
    expect(reply.status).toBe(400);
  });

  test('[RS-2 §3.1] a parameter with a structure is no token', async () => {
    const token = await application.issue('a');
    for (const body of [`access_token[a]=${token}`, `access_token[]=${token}`]) {
      const reply = await post(body);
      expect([body, reply.status]).toEqual([body, 400]);
      expectInvalidRequest(reply, REPEATED);
    }
  });

  test.each([
    ['gzip', 400],
    ['deflate', 400],
    ['unknown', 415],
  ])('[RS-3 §2.2] a form body that is not what Content-Encoding says (%s): %i, not 500', async (encoding, status) => {
    const reply = await post('access_token=abc', { ...FORM, 'content-encoding': encoding });
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ error: 'invalid_request' });
  });
});

describe.each(STACKS)('a token in the form body alone, on %s', (name) => {
  const application = useApplication(name, {
    oauth2: { authenticators: [bearer({ body: true })] },
    server: { controllers: [Things] },
  });

  test('[RS-4 §2.3] the query stays off', async () => {
    const token = await application.issue('a');
    expectNoCredentials(await call(`${application.url}/things?access_token=${token}`));
    expectInvalidToken(await call(`${application.url}/things?access_token=${token}`, { token: 'unknown' }));
  });

  test('[RS-3 §2.2] a GET never has its token in a body', async () => {
    expectNoCredentials(await call(`${application.url}/things`, { headers: FORM }));
  });
});
