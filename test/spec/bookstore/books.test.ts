import { beforeAll, describe, expect, test } from '@jest/globals';
import { STACKS, useBookstore } from '../../support/bookstore.js';
import { call, callRaw } from '../../support/spec/http.js';

const ALICE = { title: 'Alice in Wonderland', author: 'Lewis Carroll', publishedYear: 1865 };

describe.each(STACKS)('books, on %s', (name) => {
  const shop = useBookstore(name);
  let token: string;
  const send = (method: string, path: string, json?: unknown) => call(`${shop.url}${path}`, { method, json, token });
  beforeAll(async () => {
    token = await shop.issue('books books:read books:write', { user: 'alice' });
  });

  test('are added, read, replaced, listed and removed', async () => {
    const added = await send('POST', '/books', ALICE);
    expect(added.status).toBe(201);
    const { id } = added.body as { id: number };
    expect(added.body).toEqual({ id, ...ALICE });
    expect(added.headers.get('location')).toBe(`/books/${id}`);
    expect(await send('GET', `/books/${id}`)).toMatchObject({ status: 200, body: { id, ...ALICE } });
    const replaced = await send('PUT', `/books/${id}`, { title: 'Жизнь 🐇', author: 'Кэрролл' });
    expect(replaced).toMatchObject({
      status: 200,
      body: { id, title: 'Жизнь 🐇', author: 'Кэрролл', publishedYear: null },
    });
    const again = await send('PUT', `/books/${id}`, { title: 'Жизнь 🐇', author: 'Кэрролл' });
    expect(again.status).toBe(200);
    expect((await send('GET', '/books')).body).toEqual([replaced.body]);
    expect(await send('DELETE', `/books/${id}`)).toMatchObject({ status: 204, text: '' });
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await send(method, `/books/${id}`, method === 'PUT' ? ALICE : undefined);
      expect(reply).toMatchObject({ status: 404, body: { error: 'not_found' } });
    }
    expect((await send('GET', '/books')).body).toEqual([]);
  });

  test('are listed in pages', async () => {
    const ids: number[] = [];
    for (const title of ['One', 'Two', 'Three']) {
      ids.push(((await send('POST', '/books', { title, author: 'X' })).body as { id: number }).id);
    }
    const titles = async (query: string) =>
      ((await send('GET', `/books?${query}`)).body as { title: string }[]).map(({ title }) => title);
    expect(await titles('limit=2')).toEqual(['One', 'Two']);
    expect(await titles(`limit=2&after=${ids[1]}`)).toEqual(['Three']);
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=-1', 'limit=1&limit=2']) {
      expect((await send('GET', `/books?${query}`)).status).toBe(400);
    }
  });

  test.each([
    ['POST', 'books:read'],
    ['GET', 'books:write'],
  ])('%s with %s alone beside books: 403', async (method, scope) => {
    const lacking = await shop.issue(`books ${scope}`, { user: 'alice' });
    expect(
      (await call(`${shop.url}/books`, { method, token: lacking, json: method === 'POST' ? ALICE : undefined })).status,
    ).toBe(403);
  });

  test.each(['0', '-1', 'abc', '1.5', '1e3', '0x10', '99999999999', '%00', '%E0%A4%A', "1'--", ' '])(
    'an id that is none: 400: %s',
    async (id) => {
      const reply = await callRaw(shop.url, `GET /books/${id === ' ' ? '%20' : id}`, [
        `Authorization: Bearer ${token}`,
      ]);
      expect(reply.status).toBe(400);
      expect(JSON.parse(reply.text)).toMatchObject({ error: 'invalid_request' });
    },
  );

  test.each<[unknown, string]>([
    [{}, 'title'],
    [{ title: 'X' }, 'author'],
    [{ ...ALICE, title: '' }, 'title'],
    [{ ...ALICE, title: '   ' }, 'title'],
    [{ ...ALICE, title: 'x'.repeat(201) }, 'title'],
    [{ ...ALICE, author: 'a\u0000b' }, 'author'],
    [{ ...ALICE, author: 7 }, 'author'],
    [{ ...ALICE, publishedYear: '1865' }, 'publishedYear'],
    [{ ...ALICE, publishedYear: 1865.5 }, 'publishedYear'],
    [{ ...ALICE, publishedYear: -1 }, 'publishedYear'],
    [{ ...ALICE, id: 5 }, 'id'],
  ])('a body that is not valid: 400 that names the field: %j', async (body, field) => {
    for (const [method, path] of [
      ['POST', '/books'],
      ['PUT', '/books/1'],
    ] as const) {
      const reply = await send(method, path, body);
      expect(reply.status).toBe(400);
      expect(reply.body).toMatchObject({ error: 'invalid_request' });
      const { fields } = reply.body as { fields: { field: string; problems: string[] }[] };
      expect(fields.map((one) => one.field)).toContain(field);
    }
  });

  test.each<unknown>([[[ALICE]], [[]], [['x']]])('a list is no book: 400: %j', async (body) => {
    const reply = await send('POST', '/books', body);
    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  test('a body that is nested without end: 400', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const [open, close] of [
      ['{"title":', '}'],
      ['[', ']'],
    ] as const) {
      const body = `${open.repeat(50_000)}1${close.repeat(50_000)}`;
      const reply = await call(`${shop.url}/books`, { method: 'POST', headers, body, token });
      expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    }
  });

  test('a body that is too large: 413; of another type, or none: 400', async () => {
    const large = await send('POST', '/books', { ...ALICE, title: 'x'.repeat(2_000_000) });
    expect(large.status).toBe(413);
    const text = await call(`${shop.url}/books`, {
      method: 'POST',
      token,
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    });
    expect(text.status).toBe(400);
    expect((await send('POST', '/books')).status).toBe(400);
  });
});
