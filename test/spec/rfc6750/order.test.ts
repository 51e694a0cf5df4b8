import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call, everything, head, openSocket, rawReply } from '../../support/spec/http.js';
import { expectInsufficientScope, expectInvalidToken, expectNoCredentials } from '../../support/spec/refusals.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe.each(STACKS)('the body of a caller who may not send it, on %s', (name) => {
  const shop = useBookstore(name);
  const post = (body: string, token?: string) =>
    call(`${shop.url}/books`, { method: 'POST', headers: JSON_TYPE, body, token });

  test('[RS-5 §3.1] malformed JSON without a token: 401', async () => {
    expectNoCredentials(await post('{"title": '));
  });

  test('[RS-6 §3.1] malformed JSON with an invalid token: 401', async () => {
    expectInvalidToken(await post('{"title": ', 'unknown'));
  });

  test('[RS-7 §3.1] malformed JSON with a token that lacks the scope: 403', async () => {
    const token = await shop.issue('books books:read', { user: 'alice' });
    expectInsufficientScope(await post('{"title": ', token), {
      required: ['books', 'books:write'],
      provided: ['books', 'books:read'],
      scope: 'books books:write',
    });
  });

  test('malformed JSON of a caller who may send it: 400 in JSON, without a challenge', async () => {
    const token = await shop.issue('books books:write', { user: 'alice' });
    const reply = await post('{"title": ', token);
    expect(reply.status).toBe(400);
    expect(reply.body).toEqual({
      error: 'invalid_request',
      error_description: 'The body of the request cannot be read.',
    });
    expect(reply.headers.get('www-authenticate')).toBeNull();
  });

  test.each([
    ['gzip', 400],
    ['deflate', 400],
    ['unknown', 415],
  ])('a body that is not what Content-Encoding says (%s): %i in JSON', async (encoding, status) => {
    const token = await shop.issue('books books:write', { user: 'alice' });
    const headers = { ...JSON_TYPE, 'content-encoding': encoding };
    const reply = await call(`${shop.url}/books`, { method: 'POST', headers, body: '{"title":"x"}', token });
    expect(reply.status).toBe(status);
    expect(reply.body).toMatchObject({ error: 'invalid_request' });
    expect(reply.headers.get('www-authenticate')).toBeNull();
  });

  test('a refusal does not wait for the body', async () => {
    const socket = await openSocket(shop.url);
    const fields = ['Content-Type: application/json', 'Content-Length: 1000000', 'Connection: close'];
    socket.write(head(shop.url, 'POST /books', fields));
    const reply = rawReply(await everything(socket));
    expect(reply.status).toBe(401);
  });
});
