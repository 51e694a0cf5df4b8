import Koa, { type Context, type Middleware } from 'koa';
import { forgetCaching, JSON_TYPE, type PreparedAnswer } from '../../resource-server/error-response.js';
import { LeanApplication } from './lean-application.js';
import { sendText } from './send-text.js';

/*
 * Replaces: for refusals and for results that are plain objects, `respond` of Koa and the setters of its response, written for
 * 3.3.0. They look at the type of a body and at what was written before, although a refusal replaces all of it, and make its
 * JSON anew. Must equal: status, header fields with their order and names, and body, as `ErrorResponder.write` or
 * `handleSuccess` of routing-controllers and Koa send them. Compared by:
 * test/integration/routing-controllers/fast/direct-answer.test.ts and direct-result.test.ts, request by request. The fields
 * are set on the response one by one, so that what watches it from outside Koa sees them. Where middleware of the host comes
 * before the controllers (for results, also behind), or the application answers in its own way, it is not used. Different is
 * what the code of an action, a permission or an interceptor finds if it keeps the context and looks at it once the answer is
 * sent: `respond` is false, and there is no `body`. Not noticed are members that a `createContext` of the host gives to each
 * context, and changes of the objects that all applications inherit from.
 */

/** Members of an application that take part in every answer. */
interface AnsweringMembers {
  readonly compose: unknown;
  readonly callback: unknown;
  readonly context: object;
  readonly request: object;
  readonly response: object;
}

const PLAIN = new Koa() as unknown as AnsweringMembers;

/** Sends answers of an application without Koa's own steps, if nothing of the host could tell the difference. */
export class DirectAnswers {
  private constructor(
    private readonly koa: Koa,
    /** What runs before the controllers, and their router. */
    private readonly chain: readonly Middleware[],
    /** What runs behind them. */
    private readonly behind: Middleware,
    private readonly isPlain: () => boolean,
  ) {}

  /**
   * @param own the middleware of this package that comes before the controllers
   * @param router what was used last
   * @param behind what will be used next, and passes on what was answered
   */
  static of(koa: Koa, own: readonly Middleware[], router: Middleware, behind: Middleware): DirectAnswers | undefined {
    const chain = [...koa.middleware] as Middleware[];
    const before = chain.slice(0, -1);
    // Tools that wrap what is used may look at the context after it.
    if (chain.at(-1) !== router || !before.every((one) => own.includes(one))) return undefined;
    let isPlain: boolean | undefined;
    // Asked at the first request: until then, the host may give the application members of its own.
    return new DirectAnswers(koa, chain, behind, () => (isPlain ??= answersPlainly(koa)));
  }

  /** Whether the response to a request may be written here. */
  mayAnswer(context: Context): boolean {
    const { koa, chain } = this;
    if (context.app !== koa || !this.isPlain()) return false;
    for (let index = 0; index < chain.length; index += 1) if (koa.middleware[index] !== chain[index]) return false;
    const { req, res } = context;
    // Asked of a response of HTTP/2, which has none, Node warns.
    if (req.httpVersionMajor < 2 && res.statusMessage !== undefined) return false;
    return !res.headersSent && !res.hasHeader('transfer-encoding') && context.writable;
  }

  answer(context: Context, { status, fields, json, length, encoding }: PreparedAnswer): void {
    const { res } = context;
    forgetCaching(context);
    context.respond = false;
    res.statusCode = status;
    for (const name in fields) res.setHeader(name, fields[name] as string);
    res.setHeader('Content-Length', length);
    if (context.req.method === 'HEAD') res.end();
    else sendText(res, json, encoding);
  }

  /** Whether results of actions may be written here: nothing runs behind the controllers. */
  get takesResults(): boolean {
    const { middleware } = this.koa;
    const { length } = this.chain;
    return middleware.length === length + 1 && middleware[length] === this.behind && this.isPlain();
  }

  /**
   * Answers with 200 and a result as JSON. `false` if nothing was written: the action has begun a response itself, or the result
   * has no JSON.
   */
  answerWithResult(context: Context, result: object): boolean {
    if (!this.mayAnswer(context) || !isUntouched(context)) return false;
    const json = jsonOf(result);
    // A `toJSON` of the host may have begun a response.
    if (json === undefined || !this.mayAnswer(context) || !isUntouched(context)) return false;
    const bytes = Buffer.byteLength(json);
    const { res } = context;
    res.statusCode = 200;
    res.setHeader('Content-Type', JSON_TYPE);
    context.respond = false;
    try {
      res.setHeader('Content-Length', String(bytes));
      sendText(res, json, bytes === json.length ? 'latin1' : 'utf8');
    } catch (error) {
      // From here on it would be Koa that sends, and meets the error.
      context.onerror(error as Error);
    }
    return true;
  }
}

/** Whether a response is as Koa begins it, but for fields that say nothing of the body. */
function isUntouched({ req, res, respond }: Context): boolean {
  // Whoever has set a body has set a status with it.
  if (respond !== undefined || res.statusCode !== 404) return false;
  if (req.method === 'HEAD' || req.httpVersionMajor > 1) return false;
  return !res.hasHeader('content-type') && !res.hasHeader('content-length');
}

/** Whether a value is an object without a class, or an array; Koa takes one with `pipe` for a stream. */
export function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || 'pipe' in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype;
}

/** `undefined` where Koa would answer with an error. */
function jsonOf(result: object): string | undefined {
  try {
    return JSON.stringify(result);
  } catch {
    return undefined;
  }
}

/** Whether an application has nothing of its own where an answer passes. */
function answersPlainly(koa: Koa): boolean {
  const { compose, callback, context, request, response } = koa as unknown as AnsweringMembers;
  if (compose !== PLAIN.compose || callback !== PLAIN.callback || !LeanApplication.handlesPlainly(koa)) return false;
  const inherited = [context, request, response].map((one) => Object.getPrototypeOf(one));
  const plain = [PLAIN.context, PLAIN.request, PLAIN.response].map((one) => Object.getPrototypeOf(one));
  if (!inherited.every((one, index) => one === plain[index])) return false;
  if (Reflect.ownKeys(response).length > 0 || Object.hasOwn(request, 'method')) return false;
  return !NAMES.some((name) => Object.hasOwn(context, name));
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
