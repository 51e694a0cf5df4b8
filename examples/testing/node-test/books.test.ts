// npm run build && node --test examples/dist/testing/node-test/
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testOAuth2 } from 'routing-controllers-oauth2/testing';
import { BookController, scopes } from '../book-controller.js';

const t = await testOAuth2({ scopes }, [BookController]);
after(() => t.close());

test('readers see books, and add none', async () => {
  const reader = await t.as('ann', ['books:read']);
  const list = await t.fetch('/books', { headers: reader });
  assert.deepEqual(await list.json(), { reader: 'ann', titles: ['Emma'] });
  await t.expectDenied(t.fetch('/books', { headers: reader, json: { title: 'Ulysses' } }), 'insufficient_scope');
});

test('an application adds a book an hour', async () => {
  const shop = await t.as({ client: 'shop' }, ['books:write'], { lifetimeSeconds: 7200 });
  const add = () => t.fetch('/books', { headers: shop, json: { title: 'Persuasion' } });
  assert.equal((await add()).status, 200);
  await t.expectDenied(add(), 'throttled');
  t.clock.advance({ hours: 1 });
  assert.equal((await add()).status, 200);
  t.clock.advance({ hours: 1 });
  await t.expectDenied(add(), 'invalid_token');
});

test('who may what', async () => {
  const matrix = await t.matrix({
    nobody: undefined,
    reader: ['ann', ['books:read']],
    shop: [{ client: 'shop' }, ['books:read', 'books:write']],
  });
  assert.equal(
    String(matrix),
    [
      'action               nobody  reader  shop  requires',
      'GET    /books        401     yes     yes   books:read',
      'POST   /books        401     403     yes   books:write',
      'GET    /books/count  yes     yes     yes   nothing: public',
    ].join('\n'),
  );
});
