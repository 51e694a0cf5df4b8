import { describe, expect, test } from '@jest/globals';
import type { Context, Middleware } from 'koa';
import { ClosedToOptions } from '../../../src/routing-controllers/options-requests.js';
import { contextOf } from '../../support/guard/guard.js';

/** What a router keeps of its routes, and what is registered for OPTIONS. */
function routerOf(...routes: [string | RegExp, ...string[]][]) {
  const registered: [string | RegExp, Middleware][] = [];
  return {
    stack: routes.map(([path, ...methods]) => ({ path, methods })),
    options: (path: string | RegExp, middleware: Middleware) => registered.push([path, middleware]),
    registered,
  };
}

describe('a guarded @All action', () => {
  test('never gets OPTIONS, and no other route loses it', () => {
    const router = routerOf(['/own', 'OPTIONS'], ['/books', 'GET', 'OPTIONS', 'PUT']);
    new ClosedToOptions().withdraw(router);
    expect(router.stack.map(({ methods }) => methods)).toEqual([['OPTIONS'], ['GET', 'PUT']]);
  });

  test('has OPTIONS answered for each of its paths, once, and for no other', () => {
    const closed = new ClosedToOptions();
    const router = routerOf(['/own', 'OPTIONS']);
    for (const path of ['/books', '/books', /^\/a/, /^\/a/]) {
      router.stack.push({ path, methods: ['OPTIONS'] });
      closed.withdraw(router);
    }
    closed.answerOn(router);
    expect(router.registered.map(([path]) => path)).toEqual(['/books', /^\/a/]);
  });

  test('is nothing to a router without routes', () => {
    const router = routerOf();
    const closed = new ClosedToOptions();
    closed.withdraw(router);
    closed.answerOn(router);
    expect(router.registered).toEqual([]);
  });
});

describe('OPTIONS for it', () => {
  function answered(context: Context): string[] {
    const router = routerOf(['/books', 'OPTIONS']);
    const closed = new ClosedToOptions();
    closed.withdraw(router);
    closed.answerOn(router);
    const went: string[] = [];
    for (const [, middleware] of router.registered) middleware(context as never, async () => void went.push('on'));
    return went;
  }

  test('is answered with 204, and goes no further', () => {
    const context = contextOf('/books', {}, 'OPTIONS');
    expect(answered(context)).toEqual([]);
    expect([context.status, context.request]).toMatchObject([204, { routingControllersStarted: true }]);
  });

  test('is left to an action that has it', () => {
    const context = contextOf('/books', {}, 'OPTIONS');
    Object.assign(context.request, { routingControllersStarted: true });
    expect(answered(context)).toEqual(['on']);
    expect(context.status).not.toBe(204);
  });
});
