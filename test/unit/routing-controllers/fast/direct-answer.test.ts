import { describe, expect, test } from '@jest/globals';
import Koa, { type Context, type Middleware } from 'koa';
import type { PreparedAnswer } from '../../../../src/resource-server/error-response.js';
import { DirectAnswers, isPlain } from '../../../../src/routing-controllers/fast/direct-answer.js';
import { contextOf } from '../../../support/guard/guard.js';

const own: Middleware = (_context, next) => next();
const router: Middleware = (_context, next) => next();
const behind: Middleware = (_context, next) => next();
const ofHost: Middleware = (_context, next) => next();

function koaOf(...chain: Middleware[]): Koa {
  const koa = new Koa();
  for (const one of chain) koa.use(one);
  return koa;
}

/** A request to an application, over no connection; it can be answered. */
function contextFor(koa: Koa, method = 'GET'): Context & { readonly sent: unknown[] } {
  const plain = contextOf('/books', {}, method);
  const sent: unknown[] = [];
  const end = (...parameters: unknown[]) => {
    sent.push(...parameters);
    return plain.res;
  };
  Object.assign(plain.res, { end });
  Object.defineProperty(plain.res, 'socket', { value: { writable: true } });
  return Object.assign(koa.createContext(plain.req, plain.res), { sent }) as never;
}

/** What a host does to its application; it may give the context of the request. */
type Change = (koa: Koa, context: () => Context) => unknown;

/** Whether a request may be answered without Koa, after a change of its application or of the request. */
function mayAnswer(change: Change = () => undefined) {
  const koa = koaOf(own, router);
  const answers = DirectAnswers.of(koa, [own], router, behind) as DirectAnswers;
  const context = (change(koa, () => contextFor(koa)) as Context | undefined) ?? contextFor(koa);
  return answers.mayAnswer(context);
}

describe('answers go without Koa', () => {
  test('where nothing but middleware of this package comes before the router', () => {
    expect(DirectAnswers.of(koaOf(own, router), [own], router, behind)).toBeInstanceOf(DirectAnswers);
    expect(DirectAnswers.of(koaOf(own, own, router), [own], router, behind)).toBeInstanceOf(DirectAnswers);
    expect(DirectAnswers.of(koaOf(router), [own], router, behind)).toBeInstanceOf(DirectAnswers);
  });

  test.each<[string, Middleware[]]>([
    ['middleware of the host comes before it', [ofHost, router]],
    ['middleware of the host comes between', [own, ofHost, router]],
    ['middleware of both comes before it', [ofHost, own, router]],
    ['a tool has wrapped the router', [own, ofHost]],
    ['there is no router', []],
  ])('not where %s', (_where, chain) => {
    expect(DirectAnswers.of(koaOf(...chain), [own], router, behind)).toBeUndefined();
  });

  test('to a request of the application itself, which is as Koa made it, also if middleware comes behind', () => {
    expect(mayAnswer()).toBe(true);
    expect(mayAnswer((koa) => void koa.use(ofHost))).toBe(true);
  });

  test.each<[string, Change]>([
    ['of an application that contains it', () => contextFor(koaOf(own, router))],
    ['after middleware was put before the router', (koa) => void koa.middleware.unshift(ofHost as never)],
    ['after middleware was put in place of one', (koa) => void koa.middleware.splice(0, 1, ofHost as never)],
    ['after the router was wrapped', (koa) => void koa.middleware.splice(1, 1, ofHost as never)],
    ['of an application that composes in its own way', (koa) => void Object.assign(koa, { compose: () => router })],
    [
      'of an application that handles requests in its own way',
      (koa) => void Object.assign(koa, { handleRequest: () => undefined }),
    ],
    [
      'of an application whose responses have members of their own',
      (koa) => void Object.assign(koa.response, { a: 1 }),
    ],
    ...[
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
    ].map((name): [string, Change] => [
      `of an application whose contexts have a ${name} of their own`,
      (koa) => void Object.defineProperty(koa.context, name, { value: undefined, writable: true }),
    ]),
    ['of an application that is called in its own way', (koa) => void Object.assign(koa, { callback: () => router })],
    [
      'of an application whose requests have a method of their own',
      (koa) => void Object.defineProperty(koa.request, 'method', { value: 'HEAD', writable: true }),
    ],
    ...(['context', 'request', 'response'] as const).map((name): [string, Change] => [
      `of an application whose ${name} inherits from one of its own`,
      (koa) => void Object.assign(koa, { [name]: Object.create(Object.create(koa[name])) }),
    ]),
    [
      'whose response has a status message',
      (_koa, make) => {
        const context = make();
        context.res.statusMessage = 'Mine';
        return context;
      },
    ],
    [
      'whose response has a transfer coding',
      (_koa, make) => {
        const context = make();
        context.res.setHeader('Transfer-Encoding', 'chunked');
        return context;
      },
    ],
    [
      'whose head was sent',
      (_koa, make) => {
        const context = make();
        Object.defineProperty(context.res, 'headersSent', { value: true });
        return context;
      },
    ],
    [
      'whose connection is gone',
      (_koa, make) => {
        const context = make();
        Object.defineProperty(context.res, 'socket', { value: { writable: false } });
        return context;
      },
    ],
  ])('not to a request %s', (_which, change) => {
    expect(mayAnswer(change)).toBe(false);
  });

  test('also where the contexts of the application have other members, as of a logger', () => {
    expect(mayAnswer((koa) => void Object.assign(koa.context, { log: console }))).toBe(true);
  });

  test('by what the application was at its first request', () => {
    const koa = koaOf(own, router);
    const answers = DirectAnswers.of(koa, [own], router, behind) as DirectAnswers;
    expect(answers.mayAnswer(contextFor(koa))).toBe(true);
    Object.assign(koa.response, { a: 1 });
    expect(answers.mayAnswer(contextFor(koa))).toBe(true);
    expect(mayAnswer((late) => void Object.assign(late.response, { a: 1 }))).toBe(false);
  });
});

describe('results of actions go without Koa', () => {
  function answered(
    change: (context: Context, koa: Koa) => unknown = () => undefined,
    { method = 'GET', result = { a: 1 } as object } = {},
  ) {
    const koa = koaOf(own, router);
    const answers = DirectAnswers.of(koa, [own], router, behind) as DirectAnswers;
    koa.use(behind);
    const context = contextFor(koa, method);
    // As Koa begins.
    context.res.statusCode = 404;
    change(context, koa);
    const sent = answers.takesResults && answers.answerWithResult(context, result);
    return { sent, of: { sent: context.sent, respond: context.respond } };
  }

  test.each(['GET', 'POST'])('to %s where refusals do, and nothing runs behind the controllers', (method) => {
    expect(answered(undefined, { method })).toEqual({
      sent: true,
      of: { sent: ['{"a":1}', 'latin1'], respond: false },
    });
  });

  test.each<[string, (context: Context, koa: Koa) => unknown]>([
    ['middleware of the host runs behind them', (_context, koa) => koa.use(ofHost)],
    ['a tool has wrapped what runs behind them', (_context, koa) => koa.middleware.splice(2, 1, ofHost as never)],
    ['what runs behind them was taken away', (_context, koa) => koa.middleware.pop()],
    ['middleware was put in place of one', (_context, koa) => koa.middleware.splice(0, 1, ofHost as never)],
    ['the application has members of its own', (_context, koa) => Object.assign(koa.response, { a: 1 })],
    ['the action has set a body', (context) => Object.assign(context, { body: 'text' })],
    ['the action has set a status', (context) => Object.assign(context, { status: 202 })],
    ['the action has set the status of what is not found', (context) => Object.assign(context, { status: 404 })],
    ['the action has set a status past Koa', (context) => Object.assign(context.res, { statusCode: 202 })],
    ['the action has set a type', (context) => context.set('content-type', 'application/hal+json')],
    ['the action has set a length', (context) => context.set('content-length', '2')],
    ['the action has set a transfer coding', (context) => context.set('transfer-encoding', 'chunked')],
    ['the request came over HTTP/2', (context) => Object.assign(context.req, { httpVersionMajor: 2 })],
  ])('not where %s, and then nothing has asked for the JSON of the result', (_where, change) => {
    let asked = 0;
    const toJSON = () => {
      asked += 1;
      return {};
    };
    expect(answered(change, { result: { toJSON } })).toEqual({ sent: false, of: { sent: [], respond: undefined } });
    expect(asked).toBe(0);
  });

  test('not where the action answers by itself', () => {
    expect(answered((context) => Object.assign(context, { respond: false })).sent).toBe(false);
  });

  test('not to HEAD', () => {
    expect(answered(undefined, { method: 'HEAD' }).sent).toBe(false);
  });

  test('not where a result has no JSON', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const result of [circular, { toJSON: () => undefined }, { big: 1n }]) {
      expect(answered(undefined, { result })).toEqual({ sent: false, of: { sent: [], respond: undefined } });
    }
  });

  test('not where making the JSON has set a status', () => {
    let touched: Context | undefined;
    const result = { toJSON: () => Object.assign(touched as Context, { status: 201 }) && 1 };
    const { sent } = answered(
      (context) => {
        touched = context;
      },
      { result },
    );
    expect(sent).toBe(false);
  });
});

test.each<[unknown, boolean]>([
  [{}, true],
  [{ a: 1 }, true],
  [[1], true],
  [{ pipe: () => undefined }, false],
  [Object.create(null), false],
  [new Date(), false],
  [null, false],
  [undefined, false],
  ['text', false],
  [() => undefined, false],
])('%j is plain: %s', (value, expected) => {
  expect(isPlain(value)).toBe(expected);
});

test('a response of HTTP/2 is not asked for its status message, of which Node would warn', () => {
  let asked = false;
  mayAnswer((_koa, context) => {
    const made = context();
    Object.assign(made.req, { httpVersionMajor: 2 });
    Object.defineProperty(made.res, 'statusMessage', {
      get() {
        asked = true;
      },
    });
    return made;
  });
  expect(asked).toBe(false);
});

describe('such an answer', () => {
  const json = '{"error":"authentication_required"}';
  const prepared: PreparedAnswer = {
    ...{ status: 401, fields: { 'WWW-Authenticate': 'Bearer realm="api"', 'Content-Type': 'application/json' } },
    ...{ body: () => JSON.parse(json), json, length: String(json.length), encoding: 'latin1' },
  };

  function answered(method: string) {
    const koa = koaOf(own, router);
    const context = contextFor(koa, method);
    context.res.setHeader('Cache-Control', 'public, max-age=60');
    context.res.setHeader('X-Request-Id', 'r-1');
    (DirectAnswers.of(koa, [own], router, behind) as DirectAnswers).answer(context, prepared);
    const { statusCode: status } = context.res;
    return { status, fields: { ...context.res.getHeaders() }, sent: context.sent, respond: context.respond };
  }

  const fields = {
    ...{ 'x-request-id': 'r-1', 'www-authenticate': 'Bearer realm="api"' },
    ...{ 'content-type': 'application/json', 'content-length': String(json.length) },
  };

  test('has the status, the fields and the body of the refusal, and lets no cache keep it; Koa adds nothing', () => {
    expect(answered('GET')).toEqual({ status: 401, fields, sent: [json, 'latin1'], respond: false });
  });

  test('to HEAD has no body', () => {
    expect(answered('HEAD')).toEqual({ status: 401, fields, sent: [], respond: false });
  });
});
