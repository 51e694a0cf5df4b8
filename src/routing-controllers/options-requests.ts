import type { Context, Middleware, Next } from 'koa';

/** The members of a router of `@koa/router` that are used here. */
interface Router {
  readonly stack: { methods: string[]; readonly path: string | RegExp }[];
  options(path: string | RegExp, middleware: Middleware): unknown;
}

/** Answers an OPTIONS request that no action handles: nothing is guarded or counted. */
export function answerOptions(context: Context): void {
  context.status = 204;
}

/**
 * Handles OPTIONS for guarded `@All` actions: the router never passes them such a request. It goes to an action that is
 * open to it (an `@Options` action of the application, or a public `@All`), wherever that is registered, and otherwise
 * is answered with 204.
 */
export class ClosedToOptions {
  private readonly paths = new Map<string, string | RegExp>();

  /** Removes OPTIONS from the methods of the route that was registered last. */
  withdraw(router: Router): void {
    const layer = router.stack[router.stack.length - 1];
    if (layer === undefined) return;
    layer.methods = layer.methods.filter((method) => method !== 'OPTIONS');
    this.paths.set(String(layer.path), layer.path);
  }

  /** Registers the response for requests that no other route of these paths has answered. */
  answerOn(router: Router): void {
    for (const path of this.paths.values()) router.options(path, answerUnanswered);
  }
}

function answerUnanswered(context: Context, next: Next): unknown {
  const request = context.request as { routingControllersStarted?: boolean };
  if (request.routingControllersStarted === true) return next();
  request.routingControllersStarted = true;
  return answerOptions(context);
}
