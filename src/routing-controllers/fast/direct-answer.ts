import Koa, { type Context, type Middleware } from 'koa';
import { forgetCaching, type PreparedAnswer } from '../../resource-server/error-response.js';

/*
 * Replaces: for refusals, `respond` of Koa and the setters of its response, written for 3.3.0. They look at the type of a body
 * and at what was written before, although a refusal replaces all of it, and make its JSON anew. Must equal: status, header
 * fields with their order and names, and body, as `ErrorResponder.write` and Koa send them. Compared by:
 * test/integration/routing-controllers/fast/direct-answer.test.ts, request by request. The fields are set on the response one
 * by one, so that what watches it from outside Koa sees them. Where middleware of the host comes before the controllers, or
 * the application answers in its own way, `mayAnswer` says no.
 */

/** Members of an application that take part in every answer. */
type AnsweringMembers = Pick<Koa, 'middleware'> & { readonly compose?: unknown; readonly handleRequest?: unknown };

const PLAIN = new Koa() as unknown as AnsweringMembers;

/** Sends refusals of an application without Koa's own steps, if nothing of the host could tell the difference. */
export class DirectAnswers {
  private constructor(
    private readonly koa: Koa,
    /** What runs before the controllers, and their router. */
    private readonly chain: readonly Middleware[],
    private readonly isPlain: () => boolean,
  ) {}

  /**
   * @param own the middleware of this package that comes before the controllers
   * @param router what was used last
   */
  static of(koa: Koa, own: readonly Middleware[], router: Middleware): DirectAnswers | undefined {
    const chain = [...koa.middleware] as Middleware[];
    const before = chain.slice(0, -1);
    // Tools that wrap what is used may look at the context after it.
    if (chain.at(-1) !== router || !before.every((one) => own.includes(one))) return undefined;
    let isPlain: boolean | undefined;
    // Asked at the first request: until then, the host may give the application members of its own.
    return new DirectAnswers(koa, chain, () => (isPlain ??= answersPlainly(koa)));
  }

  /** Whether the response to a request may be written here. */
  mayAnswer(context: Context): boolean {
    const { koa, chain } = this;
    if (context.app !== koa || !this.isPlain()) return false;
    for (let index = 0; index < chain.length; index += 1) if (koa.middleware[index] !== chain[index]) return false;
    return !context.res.headersSent && context.writable;
  }

  answer(context: Context, { status, fields, json, length, encoding }: PreparedAnswer): void {
    const { res } = context;
    forgetCaching(context);
    context.respond = false;
    res.statusCode = status;
    for (const name in fields) res.setHeader(name, fields[name] as string);
    res.setHeader('Content-Length', length);
    if (context.req.method === 'HEAD') res.end();
    else res.end(json, encoding);
  }
}

/** Whether an application has nothing of its own where an answer passes. */
function answersPlainly(koa: Koa): boolean {
  const { compose, handleRequest } = koa as unknown as AnsweringMembers;
  if (compose !== PLAIN.compose || handleRequest !== PLAIN.handleRequest) return false;
  const { response, context } = koa as unknown as { readonly response: object; readonly context: object };
  return Reflect.ownKeys(response).length === 0 && !NAMES.some((name) => Object.hasOwn(context, name));
}

const NAMES = [
  'body',
  'length',
  'method',
  'onerror',
  'remove',
  'res',
  'respond',
  'response',
  'status',
  'type',
  'writable',
];
