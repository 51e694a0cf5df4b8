import { describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call } from '../../support/spec/http.js';

describe.each(STACKS)('every answer is JSON, on %s', (name) => {
  const shop = useBookstore(name);

  test('an address that does not exist: 404', async () => {
    for (const path of ['/nothing', '/api', '/books/1/2']) {
      const reply = await call(`${shop.url}${path}`);
      expect(reply.status).toBe(404);
      expect(reply.body).toEqual({ error: 'not_found', error_description: 'There is nothing at this path.' });
      expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  test('[RFC 9110 §15.5.6] a method that an address does not have: 405 with Allow', async () => {
    const reply = await call(`${shop.url}/api/protected`, { method: 'POST' });
    expect(reply.status).toBe(405);
    expect(reply.body).toMatchObject({ error: 'method_not_allowed' });
    expect(reply.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD']);
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test('a fault of the server: 500 that tells nothing of it', async () => {
    const token = await shop.issue('books books:read', { user: 'alice' });
    await shop.oauth2.knex.schema.dropTable('bookstore_books');
    const reply = await call(`${shop.url}/books`, { token });
    expect(reply.status).toBe(500);
    expect(reply.body).toEqual({ error: 'server_error', error_description: 'The server met an unexpected condition.' });
  });
});
