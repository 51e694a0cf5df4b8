import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { testOAuth2 } from 'routing-controllers-oauth2/testing';
import { BookController } from './book-controller.js';
import { scopes, throttling } from './options.js';

const t = await testOAuth2({ scopes, throttling }, [BookController]);
after(() => t.close());

test('strangers may only count', async () => {
  await t.expectDenied(t.fetch('/books'), 401);
  const count = await t.fetch('/books/count');
  assert.deepEqual(await count.json(), { count: 1 });
});

test('readers see books, and add none', async () => {
  const reader = await t.as('ann', ['books:read']);
  const list = await t.fetch('/books', { headers: reader });
  assert.deepEqual(await list.json(), { reader: 'ann', titles: ['Emma'] });
  await t.expectDenied(t.fetch('/books', { headers: reader, json: { title: 'Ulysses' } }), 'insufficient_scope');
});

test('an application adds twenty books an hour', async () => {
  const shop = await t.as({ client: 'shop' }, ['books:write'], { lifetimeSeconds: 7200 });
  const add = (title: string) => t.fetch('/books', { headers: shop, json: { title } });
  for (let number = 1; number <= 20; number += 1) assert.equal((await add(`Book ${number}`)).status, 200);
  await t.expectDenied(add('Book 21'), 'throttled');
  t.clock.advance({ hours: 1 });
  assert.equal((await add('Book 21')).status, 200);
});
