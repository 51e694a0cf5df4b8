import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import KoaRouter from '@koa/router';
import type { Context } from 'koa';
import { Authorized, Ctx, Get, JsonController, KoaDriver } from 'routing-controllers';
import type { OAuth2 } from '../../../src/public/index.js';
import { bearerHeader, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

@JsonController('/upstream')
class Upstream {
  @Authorized('read')
  @Get('/:id')
  noted(@Ctx() context: Context) {
    return { noted: context.noted ?? null, id: context.params.id };
  }
}

let oauth2: OAuth2;
let issue: (scope: string) => Promise<string>;
const undo: (() => void)[] = [];

beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
});

afterEach(() => {
  for (const one of undo.splice(0)) one();
});

afterAll(() => oauth2.close());

/** Puts another method in the place of one, as a later version of the library would. */
function change<Name extends string>(prototype: object, name: Name, by: (original: Function) => Function): void {
  const original = (prototype as Record<Name, Function>)[name];
  const own = Object.hasOwn(prototype, name);
  Object.assign(prototype, { [name]: by(original) });
  undo.push(() => {
    if (own) Object.assign(prototype, { [name]: original });
    else delete (prototype as Partial<Record<Name, Function>>)[name];
  });
}

async function answers() {
  const server = await serve(oauth2.createKoaServer({ controllers: [Upstream] }));
  try {
    const good = await server.get('/upstream/7', { headers: bearerHeader(await issue('read')) });
    const lacking = await server.get('/upstream/7', { headers: bearerHeader(await issue('other')) });
    const without = await server.get('/upstream/7');
    return { body: await good.json(), statuses: [good.status, lacking.status, without.status] };
  } finally {
    await server.close();
  }
}

test('with the libraries that this was written for, nothing of them is noticed', async () => {
  expect(await answers()).toEqual({ body: { noted: null, id: '7' }, statuses: [200, 403, 401] });
});

test('a router that does more than the one this was written for dispatches itself, and its actions are guarded', async () => {
  change(
    KoaRouter.prototype,
    'routes',
    (original) =>
      function routes(this: KoaRouter) {
        const dispatch = original.call(this);
        return (context: Context, next: () => unknown) => {
          context.noted = 'by the router';
          return dispatch(context, next);
        };
      },
  );
  expect(await answers()).toEqual({ body: { noted: 'by the router', id: '7' }, statuses: [200, 403, 401] });
});

test('results are left to a transformation that differs from the one this was written for', async () => {
  change(
    KoaDriver.prototype,
    'transformResult',
    (original) =>
      function transformResult(this: unknown, ...of: unknown[]) {
        return { ...original.apply(this, of), transformed: true };
      },
  );
  expect(await answers()).toEqual({
    body: { noted: null, id: '7', transformed: true },
    statuses: [200, 403, 401],
  });
});
