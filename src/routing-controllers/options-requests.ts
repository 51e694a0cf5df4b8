import type { Context, Middleware, Next } from 'koa';

/** What is used of a router of `@koa/router`. */
interface Router {
  readonly stack: { methods: string[]; readonly path: string | RegExp }[];
  options(path: string | RegExp, middleware: Middleware): unknown;
}

/** The answer to an OPTIONS that no action answers: nothing is guarded, nothing is counted, nothing is said. */
export function answerOptions(context: Context): void {
  context.status = 204;
}

/**
 * Guarded `@All` actions: the router never gives them an OPTIONS request. It goes to an action that is open to it (an
 * OPTIONS action of the application's own, or a public `@All`), wherever that stands, and is answered by 204 if there
 * is none.
 */
export class ClosedToOptions {
  private readonly paths = new Map<string, string | RegExp>();

  /** Takes OPTIONS from the methods of the route that was registered last. */
  withdraw(router: Router): void {
    const layer = router.stack[router.stack.length - 1];
    if (layer === undefined) return;
    layer.methods = layer.methods.filter((method) => method !== 'OPTIONS');
    this.paths.set(String(layer.path), layer.path);
  }

  /** Registers the answer for what no other route of these paths has answered. */
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
