import { describe, expect, test } from '@jest/globals';
import KoaRouter from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';
import {
  dispatchOf,
  isKnownRouter,
  type Router,
  whereUnanswered,
} from '../../../../src/routing-controllers/fast/route-dispatch.js';
import { contextOf } from '../../../support/guard/guard.js';

type Trace = unknown[];

/** What a middleware sees of the router's work, in the order in which it is seen. */
function tracing(name: string, trace: Trace): Middleware {
  return async (context: Context, next: Next) => {
    const { params, captures, routerPath, routerName, _matchedRoute, _matchedRouteName, matched, router } = context;
    const paths = matched.map((layer: { path: unknown }) => layer.path);
    const ofRequest = (context.request as { params?: unknown }).params;
    const notes = {
      params: { ...params },
      captures: [...captures],
      routerPath,
      routerName,
      _matchedRoute,
      _matchedRouteName,
      paths,
    };
    trace.push(name, notes, ofRequest === params, router instanceof KoaRouter);
    await next();
    trace.push(`${name} after`);
  };
}

/** Routes of all the kinds that routing-controllers registers. */
function routesOf(trace: Trace): KoaRouter {
  const router = new KoaRouter();
  const at = (name: string) => tracing(name, trace);
  router.get('/books', at('list'));
  router.post('/books', at('authenticated'), at('validated'), at('create'));
  router.get('/books/new', at('before new'), at('new'));
  router.get('/books/:id', at('read'));
  router.all('/books/:id', at('any book'));
  router.put('/books/:id/pages/:page', at('before page'), at('page'));
  router.get('/optional/:first/:second?', at('optional'));
  router.get(/^\/pattern\/(\d+)$/, at('pattern'));
  router.get(/^\/fixed-pattern$/, at('fixed pattern'));
  router.get('/wild/(.*)', at('wild'));
  router.get('/escaped\\:colon', at('escaped'));
  router.head('/only-head', at('head'));
  router.all('/all', at('all'));
  router.get('/', at('root'));
  router.get('by name', '/named', at('named'));
  return router;
}

function noop(_context: unknown, next: Next): Promise<unknown> {
  return next();
}

function respondWith299(context: { status: number }): void {
  context.status = 299;
}

type Dispatch = (router: KoaRouter) => Middleware;
const byRouter: Dispatch = (router) => router.routes() as unknown as Middleware;
const byDispatch: Dispatch = (router) => dispatchOf(router as unknown as Router);

/** All that happens in an application for some requests, one after the other. */
async function traceOf(
  dispatch: Dispatch,
  requests: readonly string[],
  { before, behind, change }: { before?: Middleware; behind?: Middleware; change?: (router: KoaRouter) => void } = {},
): Promise<Trace> {
  const trace: Trace = [];
  const router = routesOf(trace);
  const last: Middleware = async (context) => {
    trace.push('behind', context.params, context.matched?.length);
  };
  const chain = [before, dispatch(router), behind, last].filter((one) => one !== undefined);
  const middleware = compose(chain);
  change?.(router);
  for (const request of requests) {
    const [method, path] = request.split(' ') as [string, string];
    const context = contextOf(path, {}, method);
    await middleware(context);
    trace.push(request, context.status);
  }
  return trace;
}

const REQUESTS = [
  ...['GET /books', 'HEAD /books', 'POST /books', 'PATCH /books', 'OPTIONS /books', 'GET /books?id=1'],
  ...['GET /books/', 'GET /BOOKS', 'GET /Books/New', 'GET //books', 'GET /books%2Fnew', 'GET /books/new/'],
  ...['GET /books/new', 'GET /books/7', 'DELETE /books/7', 'GET /books/a%20b', 'GET /books/%E0%A4%A', 'GET /books/7/8'],
  ...['PUT /books/7/pages/8', 'GET /books/7/pages/8', 'GET /optional/1', 'GET /optional/1/2', 'GET /optional'],
  ...['GET /pattern/12', 'GET /pattern/x', 'GET /fixed-pattern', 'GET /wild/a/b', 'GET /wild/', 'GET /escaped:colon'],
  ...['GET /escaped%5C:colon', 'HEAD /only-head', 'GET /only-head', 'DELETE /all', 'PUT /all', 'GET /', 'GET /none'],
  ...['GET /named', 'GET /__proto__', 'GET /constructor', 'PROPFIND /books', 'PROPFIND /all'],
];

describe('dispatchOf', () => {
  test.each(REQUESTS)(
    'takes %s through the same middleware as the router itself, with the same notes',
    async (request) => {
      const trace = await traceOf(byDispatch, [request]);
      expect(trace).toEqual(await traceOf(byRouter, [request]));
      expect(trace.length).toBeGreaterThan(2);
    },
  );

  test('keeps nothing of a request for the next', async () => {
    const requests = [...REQUESTS, ...REQUESTS];
    expect(await traceOf(byDispatch, requests)).toEqual(await traceOf(byRouter, requests));
  });

  const OTHERS = { 'before it': 'before', 'behind it': 'behind' } as const;
  test.each(Object.entries(OTHERS))('shares its notes with a router %s, as the router does', async (_where, place) => {
    const other = new KoaRouter().all('/books', noop).all('/books/:other', noop).routes();
    const options = { [place]: other as unknown as Middleware };
    const requests = ['GET /books/7', 'GET /books/new', 'GET /books', 'GET /books', 'GET /books/new', 'GET /none'];
    const trace = await traceOf(byDispatch, requests, options);
    expect(trace).toEqual(await traceOf(byRouter, requests, options));
  });

  test('goes by the path that a middleware before it has set for the router', async () => {
    const before: Middleware = (context, next) => {
      context.newRouterPath = context.query.to;
      return next();
    };
    const requests = ['GET /none?to=/books', 'GET /books?to=/books/7', 'GET /books/7'];
    const trace = await traceOf(byDispatch, requests, { before });
    expect(trace).toEqual(await traceOf(byRouter, requests, { before }));
    expect(trace).toContain('list');
  });

  test('runs the middleware that a tracing tool has put in place of a route’s, as the router does', async () => {
    const change = (router: KoaRouter) => {
      for (const { stack } of router.stack) stack.fill(respondWith299);
    };
    const requests = ['GET /books', 'POST /books', 'GET /books/7'];
    expect(await traceOf(byDispatch, requests, { change })).toEqual([
      'GET /books',
      299,
      'POST /books',
      299,
      'GET /books/7',
      299,
    ]);
  });

  test('such a tool finds the router at the middleware', () => {
    const router = routesOf([]);
    expect(byDispatch(router)).toHaveProperty('router', router);
  });

  test('rejects with what a middleware throws, also in a second route', async () => {
    const router = new KoaRouter();
    router.get('/a', (_context, next) => next());
    router.get('/:any', () => {
      throw new Error('thrown');
    });
    const run = (path: string) => {
      const context = { req: { method: 'GET' }, request: { path } } as Context;
      return (async () => byDispatch(router)(context as never, async () => {}))();
    };
    await expect(run('/a')).rejects.toThrow('thrown');
    await expect(run('/b')).rejects.toThrow('thrown');
  });
});

describe('a route is searched for', () => {
  /** The searches that these requests need, with routes at `/fixed` and at `/with/:name`. */
  async function searchesFor(...requests: string[]): Promise<string[]> {
    const searches: string[] = [];
    const router = new KoaRouter();
    router.get('/fixed', noop);
    router.get('/with/:name', noop);
    const { match } = router;
    router.match = (path, method) => {
      searches.push(`${method} ${path}`);
      return match.call(router, path, method);
    };
    const dispatch = byDispatch(router);
    for (const request of requests) {
      const [method, path] = request.split(' ') as [string, string];
      await dispatch(contextOf(path, {}, method) as never, async () => {});
    }
    return searches;
  }

  test('once for a path without parameters and a method that has a route', async () => {
    expect(await searchesFor('GET /fixed', 'GET /fixed', 'HEAD /fixed', 'HEAD /fixed?a=b')).toEqual([
      ...['GET /fixed', 'HEAD /fixed'],
    ]);
  });

  test('each time for all others: what strangers ask for fills no memory', async () => {
    const requests = ['GET /with/a', 'GET /with/a', 'GET /none', 'GET /none', 'PROPFIND /fixed', 'PROPFIND /fixed'];
    expect(await searchesFor(...requests)).toEqual(requests);
  });
});

describe('the methods that a path allows', () => {
  const passed = async (status: number) => {
    const seen: string[] = [];
    const middleware = whereUnanswered(async (_context, next) => {
      seen.push('allowed methods');
      await next();
    });
    const context = contextOf();
    context.status = status;
    await middleware(context, async () => void seen.push('next'));
    return seen;
  };

  test('are told where no action has answered, and only there', async () => {
    expect(await passed(404)).toEqual(['allowed methods', 'next']);
    expect(await passed(200)).toEqual(['next']);
  });
});

/** A router that does something of its own between its routes and what follows them. */
function changing(change: (context: Context) => undefined | (() => void)): () => KoaRouter {
  class Changing extends KoaRouter {
    override routes() {
      const routes = KoaRouter.prototype.routes.call(this);
      return ((context: Context, next: Next) =>
        routes(context as never, () => {
          const undo = change(context);
          const done = next();
          undo?.();
          return done;
        })) as never;
    }
  }
  return () => new Changing();
}

/** Runs a step before a router's own routes, as a later version of it might. */
function routesAfter(router: KoaRouter, step: (context: Context) => unknown): ReturnType<KoaRouter['routes']> {
  const routes = KoaRouter.prototype.routes.call(router);
  return ((context: never, next: Next) => {
    const waited = step(context);
    return waited instanceof Promise ? waited.then(() => routes(context, next)) : routes(context, next);
  }) as never;
}

describe('isKnownRouter', () => {
  test('knows the router that it was written for, whatever its routes are', () => {
    expect(isKnownRouter(new KoaRouter())).toBe(true);
    expect(isKnownRouter(routesOf([]))).toBe(true);
  });

  test.each<[string, ConstructorParameters<typeof KoaRouter>[0]]>([
    ['a prefix', { prefix: '/v1' }],
    ['a host', { host: 'localhost' }],
    ['only the last of several matching routes', { exclusive: true }],
  ])('leaves a router with %s to itself', (_what, options) => {
    expect(isKnownRouter(new KoaRouter(options))).toBe(false);
  });

  class NotesMore extends KoaRouter {
    override routes() {
      return routesAfter(this, (context) => {
        context.noted = 'more';
      });
    }
  }
  class NotesInRequest extends KoaRouter {
    override routes() {
      return routesAfter(this, (context) => {
        (context.request as { noted?: string }).noted = 'more';
      });
    }
  }
  class Waits extends KoaRouter {
    override routes() {
      return routesAfter(this, async () => {});
    }
  }
  class MatchesElsewhere extends KoaRouter {
    override match(path: string, method: string) {
      const { route, ...others } = super.match(path, method);
      return { ...others, found: route } as never;
    }
    override routes() {
      const asBefore = Object.assign(Object.create(KoaRouter.prototype), this) as KoaRouter;
      return KoaRouter.prototype.routes.call(asBefore);
    }
  }
  class HasOtherLayers extends KoaRouter {
    override register(...parameters: Parameters<KoaRouter['register']>) {
      return Object.assign(super.register(...parameters), { captures: undefined }) as never;
    }
  }
  class MatchesNothing extends KoaRouter {
    override match = undefined as never;
  }
  test.each([NotesMore, NotesInRequest, Waits, MatchesElsewhere, HasOtherLayers, MatchesNothing])(
    'does not know a router of another shape: %p',
    (Changed) => {
      expect(isKnownRouter(new Changed())).toBe(false);
    },
  );

  test.each<[string, (context: Context) => undefined | (() => void)]>([
    [
      'the parameters of a path',
      ({ params }) => {
        if (params?.name !== undefined) params.name = 'other';
        return undefined;
      },
    ],
    [
      'the captures of a path',
      ({ captures }) => {
        captures?.push('other');
        return undefined;
      },
    ],
    [
      'the routes of a path that has two',
      ({ matched }) => {
        if (matched?.length === 2) matched.reverse();
        return undefined;
      },
    ],
    [
      'the parameters, only meanwhile',
      ({ params }) => {
        if (params !== undefined) params.meanwhile = 'yes';
        return () => delete params?.meanwhile;
      },
    ],
  ])('does not know a router that changes %s', (_what, change) => {
    expect(isKnownRouter(changing(() => undefined)())).toBe(true);
    expect(isKnownRouter(changing(change)())).toBe(false);
  });

  test('does not know a router that fails, and its failure is no fault of the process', async () => {
    class Fails extends KoaRouter {
      override routes() {
        return routesAfter(this, () => Promise.reject(new Error('away')));
      }
    }
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    expect(isKnownRouter(new Fails())).toBe(false);
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  test('knows nothing that is no router', () => {
    expect(isKnownRouter({})).toBe(false);
    expect(isKnownRouter({ opts: {}, stack: [], match: () => undefined })).toBe(false);
  });
});
