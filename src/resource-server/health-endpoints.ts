import type { Context, Middleware, Next } from 'koa';
import type { HealthReport } from '../core/health.js';

/**
 * Answers `GET /health/live` (this process runs) and `GET /health/ready` (it can decide on a request now, else 503), for
 * orchestrators and load balancers. The answers name the parts and whether they are up, and say nothing else.
 */
export function healthEndpoints(health: () => Promise<HealthReport>): Middleware {
  const answers: Readonly<Record<string, (context: Context) => void | Promise<void>>> = {
    '/health/live': (context) => answer(context, 200, { status: 'live' }),
    '/health/ready': async (context) => {
      const report = await health();
      if (!report.ready) context.set('Retry-After', '1');
      answer(context, report.ready ? 200 : 503, bodyOf(report));
    },
  };
  return (context: Context, next: Next) => {
    const handle = Object.hasOwn(answers, context.path) ? answers[context.path] : undefined;
    if (handle === undefined) return next();
    if (context.method !== 'GET' && context.method !== 'HEAD') {
      context.set('Allow', 'GET, HEAD');
      return answer(context, 405, { status: 'method not allowed' }) as never;
    }
    return handle(context) as Promise<void>;
  };
}

function answer(context: Context, status: number, body: object): void {
  context.status = status;
  context.set('Cache-Control', 'no-store');
  context.body = body;
}

function bodyOf({ ready, closing, parts }: HealthReport): object {
  const states = Object.entries(parts).flatMap(([name, part]) => (part === undefined ? [] : [[name, part.state]]));
  const status = closing ? 'closing' : ready ? 'ready' : 'unready';
  return { status, parts: Object.fromEntries(states) };
}
