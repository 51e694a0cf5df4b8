import { isDeepStrictEqual } from 'node:util';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';

/*
 * Replaces: `router.routes()` of @koa/router, written for 13.1.1. For each request it searches all routes of the
 * application one after the other and composes the middleware of those that match; here both are done once for each
 * route. Must equal: which middleware runs for a request, in which order, and what it finds on the context (`params`,
 * `captures`, `matched`, `routerPath` and the like). Compared by:
 * test/unit/routing-controllers/fast/route-dispatch.test.ts, request by request, with the router itself. At
 * start-up `isKnownRouter` compares the two on a few routes; if they differ, the driver uses the router.
 */

/** The members of a route of `@koa/router` that are used here. */
interface Layer {
  readonly path: string | RegExp;
  readonly name: string | null;
  readonly methods: readonly string[];
  readonly paramNames: readonly unknown[];
  readonly stack: Middleware[];
  captures(path: string): string[];
  params(path: string, captures: readonly string[], params?: object): object;
}

/** The result of a router for a path and a method. */
interface Match {
  readonly path: readonly Layer[];
  readonly pathAndMethod: readonly Layer[];
  readonly route: boolean;
}

/** The members of a router of `@koa/router` that are used here. */
export interface Router {
  readonly stack: readonly Layer[];
  match(path: string, method: string): Match;
}

/** Further members, used only for the comparison. */
interface RegisteringRouter extends Router {
  readonly opts: object;
  get(path: string, ...middlewares: Middleware[]): unknown;
  all(path: string, ...middlewares: Middleware[]): unknown;
  routes(): Middleware;
}

const PROBES = ['GET /fixed', 'HEAD /fixed', 'POST /fixed', 'GET /with/a%20b', 'GET /none'];

/**
 * Whether `dispatchOf` behaves like the router itself: the router has no options, and a new router of its class treats
 * a few requests the same way.
 */
export function isKnownRouter(router: object): router is Router {
  try {
    if (Object.keys((router as RegisteringRouter).opts).length > 0) return false;
    const probe = new (router.constructor as new () => RegisteringRouter)();
    const seen: unknown[] = [];
    const note = (context: Context, next: Next) => {
      seen.push(notesOn(context));
      return next();
    };
    probe.get('/fixed', note, note);
    probe.all('/fixed', note);
    probe.get('/with/:name', note);
    return PROBES.every((request) => {
      const byRouter = seenDuring(seen, request, probe.routes());
      return isDeepStrictEqual(byRouter, seenDuring(seen, request, dispatchOf(probe)));
    });
  } catch {
    return false;
  }
}

/** What the middleware of a request sees. All of it runs synchronously, since none of it waits. */
function seenDuring(seen: unknown[], request: string, middleware: Middleware): readonly unknown[] {
  seen.length = 0;
  const [method, path] = request.split(' ');
  const context = { method, path, host: '', req: { method }, request: { path } } as unknown as Context;
  const done: unknown = middleware(context as never, async () => {
    seen.push('next', notesOn(context));
  });
  Promise.resolve(done).catch(() => undefined);
  return [...seen];
}

function notesOn(context: Context): object {
  const { matched, captures, params } = context;
  const copies = { matched: [...(matched ?? [])], captures: [...(captures ?? [])], params: { ...params } };
  return { ...context, request: { ...context.request }, ...copies };
}

/**
 * The middleware of a router whose routes are complete. It finds the same routes as the router and sets the same
 * properties on the context, but prepares once what the router computes per request: the chain of each route, and the
 * routes of each path without parameters.
 */
export function dispatchOf(router: Router): Middleware {
  const matches = new Map<string, Map<string, Match>>();
  for (const { path, paramNames } of router.stack) {
    if (typeof path === 'string' && paramNames.length === 0) matches.set(path, new Map());
  }
  const chains = new Map<Layer, Middleware>();

  /** Created on first use, because tracing tools replace the middleware of routes before that. */
  function chainOf(layer: Layer): Middleware {
    const { stack } = layer;
    if (stack.length === 1) return stack[0] as Middleware;
    const made = chains.get(layer);
    if (made !== undefined) return made;
    const chain = compose(stack);
    chains.set(layer, chain);
    return chain;
  }

  /**
   * Each path without parameters and each method is searched once, on first use; searching all routes for each of them
   * at start-up would take quadratic time. Only methods of routes are kept, and there are few.
   */
  function matchOf(path: string, method: string): Match {
    const ofPath = matches.get(path);
    const known = ofPath?.get(method);
    if (known !== undefined) return known;
    const match = router.match(path, method);
    if (match.route) ofPath?.set(method, match);
    return match;
  }

  function run(context: Context, next: Next, path: string, layers: readonly Layer[], index: number): unknown {
    const layer = layers[index] as Layer;
    note(context, layer, path);
    const last = index === layers.length - 1;
    return chainOf(layer)(context, last ? next : async () => run(context, next, path, layers, index + 1));
  }

  function dispatch(context: Context, next: Next): unknown {
    // Straight from the request: what the context has of it are getters that ask for getters.
    const path: string = context.newRouterPath || context.request.path;
    const method: string = context.req.method as string;
    const match = matchOf(path, method);
    if (context.matched) context.matched.push(...match.path);
    else context.matched = [...match.path];
    context.router = router;
    return match.route ? run(context, next, path, match.pathAndMethod, 0) : next();
  }

  // Tracing tools find the routes of the router by this property.
  return Object.assign(dispatch, { router });
}

function note(context: Context, layer: Layer, path: string): void {
  context.captures = layer.paramNames.length === 0 ? [] : layer.captures(path);
  context.params = layer.params(path, context.captures, context.params);
  (context.request as { params?: unknown }).params = context.params;
  context.routerPath = layer.path;
  context.routerName = layer.name;
  context._matchedRoute = layer.path;
  if (layer.name) context._matchedRouteName = layer.name;
}

/** `allowedMethods()` of the router, skipped if an action has answered. */
export function whereUnanswered(allowedMethods: Middleware): Middleware {
  return (context, next) => (context.status === 404 ? allowedMethods(context, next) : next());
}
