import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type TestApplication, testOAuth2 } from 'routing-controllers-oauth2/testing';
import { BookController, scopes } from '../book-controller.js';

let t: TestApplication;
beforeAll(async () => {
  t = await testOAuth2({ scopes }, [BookController]);
});
afterAll(() => t.close());

test('readers see books, and add none', async () => {
  const reader = await t.as('ann', ['books:read']);
  const list = await t.fetch('/books', { headers: reader });
  expect(await list.json()).toEqual({ reader: 'ann', titles: ['Emma'] });
  await t.expectDenied(t.fetch('/books', { headers: reader, json: { title: 'Ulysses' } }), 'insufficient_scope');
});

test('an application adds a book an hour', async () => {
  const shop = await t.as({ client: 'shop' }, ['books:write'], { lifetimeSeconds: 7200 });
  const add = () => t.fetch('/books', { headers: shop, json: { title: 'Persuasion' } });
  expect(await (await add()).json()).toEqual({ title: 'Persuasion' });
  await t.expectDenied(add(), 'throttled');
  t.clock.advance({ hours: 1 });
  expect((await add()).status).toBe(200);
});

test('who may what', async () => {
  const matrix = await t.matrix({
    nobody: undefined,
    reader: ['ann', ['books:read']],
    shop: [{ client: 'shop' }, ['books:read', 'books:write']],
  });
  expect(String(matrix)).toMatchInlineSnapshot(`
    "action               nobody  reader  shop  requires
    GET    /books        401     yes     yes   books:read
    POST   /books        401     403     yes   books:write
    GET    /books/count  yes     yes     yes   nothing: public"
  `);
});
