import type { Context, Next } from 'koa';
import { PageError } from './page-error.js';

/** The decoded values of `:name` in the path. */
export type PathParameters = Readonly<Record<string, string>>;

export type PageHandler = (context: Context, parameters: PathParameters) => void | Promise<void>;

/** A page: a path below the prefix, e.g. `/applications/:clientId`, with a handler per method. */
export interface PageRoute {
  readonly path: string;
  readonly get?: PageHandler;
  readonly post?: PageHandler;
}

interface CompiledRoute extends PageRoute {
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

/** Finds the page for a request. */
export class PageRouter {
  private readonly routes: readonly CompiledRoute[];

  constructor(
    private readonly prefix: string,
    routes: readonly PageRoute[],
  ) {
    this.routes = routes.map(compile);
  }

  /** Whether the path belongs to a page. */
  has(path: string): boolean {
    return this.find(path) !== undefined;
  }

  /**
   * Runs the page, or the next middleware if the path belongs to none.
   *
   * @throws PageError 405, 400, or whatever the page throws
   */
  async dispatch(context: Context, next: Next): Promise<void> {
    const found = this.find(context.path);
    if (found === undefined) return void (await next());
    const { route, values } = found;
    const handler = handlerOf(route, context.method);
    if (handler === undefined) {
      const allowed = [...(route.get ? ['GET', 'HEAD'] : []), ...(route.post ? ['POST'] : [])];
      throw new PageError(405, 'wrongMethod', { Allow: allowed.join(', ') });
    }
    const parameters = Object.fromEntries(route.names.map((name, index) => [name, decode(values[index] as string)]));
    await handler(context, parameters);
  }

  private find(path: string): { readonly route: CompiledRoute; readonly values: readonly string[] } | undefined {
    if (!path.startsWith(`${this.prefix}/`)) return undefined;
    const rest = path.slice(this.prefix.length);
    for (const route of this.routes) {
      const match = route.pattern.exec(rest);
      if (match !== null) return { route, values: match.slice(1) };
    }
    return undefined;
  }
}

function compile(route: PageRoute): CompiledRoute {
  const names: string[] = [];
  const source = route.path
    .split('/')
    .map((segment) => {
      if (!segment.startsWith(':')) return segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(segment.slice(1));
      return '([^/]+)';
    })
    .join('/');
  return { ...route, names, pattern: new RegExp(`^${source}$`) };
}

function handlerOf(route: PageRoute, method: string): PageHandler | undefined {
  if (method === 'GET' || method === 'HEAD') return route.get;
  return method === 'POST' ? route.post : undefined;
}

function decode(segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw new PageError(400, 'badRequest');
  }
  if (decoded.includes('\0')) throw new PageError(400, 'badRequest');
  return decoded;
}
