import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Koa, { type Context, type Middleware } from 'koa';
import compose from 'koa-compose';
import {
  All,
  Authorized,
  Controller,
  Ctx,
  Get,
  Header,
  HttpCode,
  JsonController,
  OnUndefined,
  Redirect,
  UseAfter,
  UseBefore,
  UseInterceptor,
} from 'routing-controllers';
import {
  anyOf,
  bearer,
  IsAuthenticated,
  type OAuth2,
  type OAuth2Options,
  type Permission,
  Public,
  type RequestAccess,
  session,
  Throttle,
  TokenHasScope,
} from '../../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../../support/http.js';
import { testOAuth2 } from '../../../support/routing-controllers/oauth2.js';

/** The scope depends on the request. */
class Tenant extends TokenHasScope {
  override getScopes(access: RequestAccess): string[] {
    return [`tenant:${String(access.query.tenant)}`];
  }
}

/** Answers later. */
class Never implements Permission {
  readonly message = 'Not today.';
  hasPermission(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

function controllers(): Function[] {
  @JsonController('/json')
  class Json {
    @Authorized('a')
    @Get('/one')
    one() {
      return { fine: true };
    }

    @Authorized(['x', ['a'], ['b', 'c']])
    @Header('Cache-Control', 'public, max-age=3600')
    @All('/alternatives')
    alternatives() {
      return { fine: true };
    }

    @Authorized()
    @All('/anybody')
    anybody() {
      return { fine: true };
    }

    @Authorized(Tenant)
    @All('/tenant')
    tenant() {
      return { fine: true };
    }

    @Authorized([Never, 'a'])
    @All('/never')
    never() {
      return { fine: true };
    }

    @Authorized(anyOf(IsAuthenticated, Never))
    @All('/user')
    user() {
      return { fine: true };
    }

    @Authorized('a')
    @Throttle('none')
    @All('/over')
    over() {
      return { fine: true };
    }

    @Public()
    @Throttle('none', 'few')
    @All('/public')
    public() {
      return { fine: true };
    }
  }

  @Controller('/text')
  class Text {
    @Authorized('a')
    @All('/one')
    one() {
      return 'fine';
    }
  }
  return [Json, Text];
}

class Named {
  constructor(
    readonly name: string,
    readonly at = new Date(0),
  ) {}
}

const passOn: Middleware = (_context, next) => next();

/** Results of every kind, and actions that do something to the response themselves. */
function resultControllers(): Function[] {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const results: Record<string, (context: Context) => unknown> = {
    object: () => ({ ok: true, list: [1, null, { a: 'b' }], missing: undefined }),
    'not-ascii': () => ({ name: 'Zoë Ünal 🙂' }),
    array: () => [{ a: 1 }, 2],
    empty: () => ({}),
    'long-text': () => ({ text: 'x'.repeat(200_000) }),
    later: () => Promise.resolve({ later: true }),
    text: () => 'text',
    'empty-text': () => '',
    html: () => '<p>text</p>',
    number: () => 7,
    false: () => false,
    null: () => null,
    undefined: () => undefined,
    instance: () => new Named('a'),
    instances: () => [new Named('a'), new Named('b')],
    date: () => new Date(0),
    map: () => new Map([['a', 1]]),
    buffer: () => Buffer.from('bytes'),
    bytes: () => new Uint8Array([65, 66]),
    stream: () => Readable.from(['a', 'b']),
    'like-a-stream': () => ({ pipe: 'not a function' }),
    blob: () => new Blob(['blob']),
    circular: () => circular,
    'with-function': () => ({ call: () => 1, kept: true }),
    'own-json': () => ({ toJSON: () => ({ own: true }) }),
    'no-json': () => ({ toJSON: () => undefined }),
    'no-prototype': () => Object.assign(Object.create(null), { a: 1 }),
    thrown: () => {
      throw new Error('fault');
    },
    response: (context) => {
      context.body = { set: true };
      return context;
    },
    'status-before': (context) => {
      context.status = 202;
      return { accepted: true };
    },
    'status-404': (context) => {
      context.status = 404;
      return { found: false };
    },
    'status-204': (context) => {
      context.status = 204;
      return { gone: true };
    },
    'raw-status': (context) => {
      context.res.statusCode = 203;
      return { raw: true };
    },
    'message-before': (context) => {
      context.message = 'Fine';
      return { message: true };
    },
    'type-before': (context) => {
      context.type = 'application/hal+json';
      return { hal: true };
    },
    'text-type-before': (context) => {
      context.type = 'text/plain';
      return { text: true };
    },
    'length-before': (context) => {
      context.length = 3;
      return { long: true };
    },
    'body-before': (context) => {
      context.body = 'text';
      return { body: true };
    },
    'null-before': (context) => {
      context.body = null;
      return { body: true };
    },
    'fields-before': (context) => {
      context.set({ 'X-One': '1', ETag: '"a"', 'Cache-Control': 'private' });
      context.cookies.set('a', 'b');
      return { fields: true };
    },
    'trailer-before': (context) => {
      context.set('Trailer', 'X-Later');
      return { trailer: true };
    },
    'fails-once': (context) => {
      const { res } = context;
      res.setHeader = () => {
        Reflect.deleteProperty(res, 'setHeader');
        throw Object.assign(new Error('no such field'), { stack: 'of whoever has set it' });
      };
      return { fails: true };
    },
    'fails-late': (context) => {
      const { res } = context;
      const { setHeader } = res;
      res.setHeader = function failing(this: typeof res, name, value) {
        if (name !== 'Content-Length') return setHeader.call(this, name, value);
        Reflect.deleteProperty(res, 'setHeader');
        throw new Error('no such field');
      };
      return { fails: true };
    },
    'coding-before': (context) => {
      context.res.setHeader('Transfer-Encoding', 'chunked');
      return { chunked: true };
    },
    'status-by-getter': (context) => ({
      get a() {
        context.status = 206;
        return 1;
      },
    }),
    'status-by-json': (context) => ({
      a: {
        toJSON() {
          context.status = 201;
          return 1;
        },
      },
    }),
    'sent-already': (context) => {
      context.res.end('sent');
      return { late: true };
    },
    'answers-itself': (context) => {
      context.respond = false;
      context.res.statusCode = 200;
      context.res.end('itself');
      return { ignored: true };
    },
  };
  const made = Object.entries(results).map(([path, run]) => {
    @Authorized('a')
    @JsonController('/result')
    class Result {
      @Get(`/${path}`)
      result(@Ctx() context: Context): unknown {
        return run(context);
      }
    }
    return Result;
  });

  @Authorized('a')
  @Controller('/decorated')
  class Decorated {
    @Get('/plain')
    plain() {
      return { fine: true };
    }

    @HttpCode(201)
    @Get('/created')
    created() {
      return { fine: true };
    }

    @HttpCode(204)
    @Get('/no-content')
    noContent() {
      return { fine: true };
    }

    @Header('X-One', '1')
    @Header('Vary', 'Accept')
    @Get('/header')
    header() {
      return { fine: true };
    }

    @Redirect('/elsewhere')
    @Get('/redirect')
    redirect() {
      return { fine: true };
    }

    @OnUndefined(202)
    @Get('/on-undefined')
    onUndefined() {}

    @UseInterceptor((_action: unknown, result: object) => ({ ...result, intercepted: true }))
    @Get('/intercepted')
    intercepted() {
      return { fine: true };
    }

    @UseBefore(passOn)
    @Get('/before')
    before() {
      return { fine: true };
    }

    @UseAfter(async (context: Context, next: () => Promise<unknown>) => {
      context.set('X-After', JSON.stringify(context.body));
      await next();
    })
    @Get('/after')
    after() {
      return { fine: true };
    }

    @Throttle('many')
    @Get('/throttled')
    throttled() {
      return { fine: true };
    }
  }
  return [...made, Decorated];
}

const PATHS = ['one', 'alternatives', 'anybody', 'tenant?tenant=1', 'never', 'user', 'over', 'public', 'one?%zz'];
const ALL_PATHS = [...PATHS.map((path) => `/json/${path}`), '/text/one'];
const TOKENS = ['none', 'empty', 'malformed', 'forged', 'unknown', 'revoked', 'other', 'a', 'user', 'basic', 'twice'];

const requests = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
  path: fc.constantFrom(...ALL_PATHS),
  token: fc.constantFrom(...TOKENS),
  accept: fc.option(fc.constantFrom('*/*', 'text/html', 'application/json;q=0.1', 'image/png'), { nil: undefined }),
  origin: fc.option(fc.constant('https://app.example'), { nil: undefined }),
  body: fc.option(fc.constantFrom('{"a":1}', '{', ''), { nil: undefined }),
});
type GeneratedRequest = typeof requests extends fc.Arbitrary<infer R> ? R : never;

interface Answer {
  readonly status: string;
  readonly fields: readonly string[];
  readonly body: string;
}

async function listen(koa: Koa) {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS }, koa.callback());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (method: string, path: string, headers: Record<string, string | string[]>, body = '') =>
    new Promise<Answer>((resolve, reject) => {
      const sent = request({ agent, port, host: '127.0.0.1', method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { statusCode, statusMessage, rawHeaders } = response;
          const date = rawHeaders.indexOf('Date');
          const fields = rawHeaders.filter((_, index) => index !== date + 1 || date === -1);
          resolve({ status: `${statusCode} ${statusMessage}`, fields, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const close = async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  return { ask, close };
}
type Listening = Awaited<ReturnType<typeof listen>>;

/** The contexts of an application's requests. */
function contextsOf(koa: Koa): Context[] {
  const contexts: Context[] = [];
  const creating = koa as unknown as { createContext(...parameters: unknown[]): Context };
  const { createContext } = creating;
  creating.createContext = function noted(this: Koa, ...parameters) {
    const context = createContext.apply(this, parameters);
    contexts.push(context);
    return context;
  };
  return contexts;
}

const CONFIGURATIONS: Record<string, { options?: Partial<OAuth2Options>; ownErrors?: boolean }> = {
  'the defaults': {},
  'the errors of DRF': { options: { errorBody: 'drf', realm: 'my "api"' } },
  'a body of the host': { options: { errorBody: (error) => ({ said: error.message, of: error.details.permission }) } },
  'a text of the host': { options: { errorBody: (error) => `<p>${error.message}</p>` } },
  'listed scopes': { options: { errorResponseWithScopes: true } },
  'metadata of the resource': {
    options: { resource: 'https://api.example', resourceMetadata: { authorizationServers: ['https://as.example'] } },
  },
  'tokens in the query, sessions, older fields': {
    options: {
      authenticators: [bearer({ query: true }), session()],
      throttling: { policies: { none: '0/m', few: '5/m' }, fields: { version: false, legacy: false } },
    },
  },
  'error handling of the host': { ownErrors: true },
};

describe.each(Object.keys(CONFIGURATIONS))('with %s', (name) => {
  const { options, ownErrors = false } = CONFIGURATIONS[name] ?? {};
  const told: Record<string, unknown[]> = {};
  let oauth2: OAuth2;
  let direct: Listening;
  let ordinary: Listening;
  let contexts: Context[];
  let authorization: Record<string, Record<string, string | string[]>>;

  beforeAll(async () => {
    const made = await testOAuth2({
      opaqueTokens: { unchecked: 'accept' },
      throttling: { policies: { none: '0/m', few: '5/m' }, failedAuthentication: null },
      ...options,
    });
    ({ oauth2 } = made);
    const served = { controllers: controllers(), defaultErrorHandler: !ownErrors };
    const koa = oauth2.createKoaServer(served);
    contexts = contextsOf(koa);
    direct = await listen(koa);
    ordinary = await listen(oauth2.useKoaServer(new Koa().use(passOn), served));
    const token = async (scope: string, user?: string) => ({
      authorization: `Bearer ${await made.issue(scope, user)}`,
    });
    const revoked = await made.issue('a');
    await oauth2.tokens.revoke(revoked);
    authorization = {
      none: {},
      empty: { authorization: 'Bearer' },
      malformed: { authorization: 'Bearer a b' },
      forged: { authorization: `Bearer rco_${'x'.repeat(51)}` },
      unknown: { authorization: `Bearer ${'y'.repeat(43)}` },
      revoked: { authorization: `Bearer ${revoked}` },
      other: await token('other more'),
      a: await token('a'),
      user: await token('b', 'alice'),
      basic: { authorization: 'Basic YTpi' },
      twice: { authorization: ['Bearer a', 'Bearer b'] },
    };
    oauth2.events.on('access.refused', (event) => {
      told.last?.push(event);
    });
  });

  afterAll(async () => {
    await direct.close();
    await ordinary.close();
    await oauth2.close();
  });

  async function answerOf(server: Listening, { method, path, token, accept, origin, body }: GeneratedRequest) {
    const events: unknown[] = [];
    told.last = events;
    const counted = { ...oauth2.parts.basis.observation.statistics.access };
    const headers = {
      ...authorization[token],
      ...(accept !== undefined && { accept }),
      ...(origin !== undefined && { origin }),
      ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(body.length) }),
    };
    const answer = await server.ask(method, path, headers, body);
    // Events are told when the current work is done.
    await new Promise((done) => setImmediate(done));
    const after = oauth2.parts.basis.observation.statistics.access;
    const counts = Object.entries(after).map(([reason, count]) => [
      reason,
      count - Number(Reflect.get(counted, reason)),
    ]);
    return { answer, events, counts };
  }

  test('a refusal, its events and its counts are the same with and without middleware of the host', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (one) => {
        expect(await answerOf(direct, one)).toEqual(await answerOf(ordinary, one));
      }),
      { numRuns: 120 },
    );
  });

  const sendsItself = typeof options?.errorBody !== 'function';
  test(`a refusal that everybody gets is ${sendsItself ? '' : 'not '}sent without the steps of Koa`, async () => {
    for (const token of ['none', 'forged', 'a']) {
      contexts.length = 0;
      await direct.ask('GET', '/json/over', authorization[token] ?? {});
      expect(contexts.map(({ respond }) => respond)).toEqual([sendsItself ? false : undefined]);
    }
  });

  test('what is said of the scopes of one token is never said to the holder of another', async () => {
    const first = await answerOf(direct, { method: 'GET', path: '/json/one', token: 'other' } as GeneratedRequest);
    const second = await answerOf(direct, { method: 'GET', path: '/json/one', token: 'user' } as GeneratedRequest);
    expect(first.events).toMatchObject([{ providedScopes: ['other', 'more'], userId: undefined }]);
    expect(second.events).toMatchObject([{ providedScopes: ['b'], userId: 'alice' }]);
    expect(second.answer.body).not.toContain('other');
  });
});

describe.each([
  { classTransformer: true, defaultErrorHandler: true },
  { classTransformer: false, defaultErrorHandler: false },
])('the result of an action, with %j,', (settings) => {
  let oauth2: OAuth2;
  let direct: Listening;
  let ordinary: Listening;
  let contexts: Context[];
  let paths: string[];
  let headers: Record<string, string>;
  const errors: Record<'direct' | 'ordinary', string[]> = { direct: [], ordinary: [] };

  beforeAll(async () => {
    const made = await testOAuth2({ throttling: { policies: { many: '1000000/h' } } });
    ({ oauth2 } = made);
    const served = { controllers: resultControllers(), ...settings };
    const listenTo = (koa: Koa, which: keyof typeof errors) =>
      listen(koa.on('error', (error: Error) => errors[which].push(error.message)));
    const koa = oauth2.createKoaServer(served);
    contexts = contextsOf(koa);
    direct = await listenTo(koa, 'direct');
    ordinary = await listenTo(oauth2.useKoaServer(new Koa().use(passOn), served), 'ordinary');
    // What is left of a policy differs, and so does the stack of an error that class-transformer throws.
    const different = ['/decorated/throttled', ...(settings.classTransformer ? ['/result/circular'] : [])];
    paths = oauth2
      .describe(served.controllers)
      .map(({ path }) => path)
      .filter((path) => !different.includes(path));
    headers = { authorization: `Bearer ${await made.issue('a')}` };
  });

  afterAll(async () => {
    await direct.close();
    await ordinary.close();
    await oauth2.close();
  });

  test('is the same with and without middleware of the host, and so are the errors', async () => {
    expect(paths.length).toBeGreaterThan(40);
    for (const path of paths) {
      for (const method of ['GET', 'HEAD']) {
        const told = { direct: (await direct.ask(method, path, headers)) as object, errors: errors.direct.splice(0) };
        const expected = { direct: await ordinary.ask(method, path, headers), errors: errors.ordinary.splice(0) };
        expect({ path, method, ...told }).toEqual({ path, method, ...expected });
      }
    }
  });

  test.each([
    ...['/result/object', '/result/not-ascii', '/result/array', '/result/long-text', '/result/later'],
    ...[
      '/result/instances',
      '/result/fields-before',
      '/decorated/plain',
      '/decorated/intercepted',
      '/decorated/throttled',
    ],
  ])('at %s is sent without the steps of Koa', async (path) => {
    contexts.length = 0;
    await direct.ask('GET', path, headers);
    expect(contexts.map(({ respond }) => respond)).toEqual([false]);
  });

  test.each([
    '/result/status-before',
    '/result/type-before',
    '/result/instance',
    '/decorated/created',
    '/decorated/after',
  ])('at %s is sent by Koa', async (path) => {
    contexts.length = 0;
    await direct.ask('GET', path, headers);
    expect(contexts.map(({ respond }) => respond)).toEqual([undefined]);
  });
});

describe('what a host can look at is there', () => {
  type Seen = { readonly body: unknown; readonly status: number };
  const ways: Record<string, (koa: Koa, seen: Seen[]) => Koa> = {
    'for middleware that is put before the controllers later': (koa, seen) => {
      koa.middleware.unshift((async (context: Context, next: () => Promise<unknown>) => {
        await next();
        seen.push({ body: context.body, status: context.status });
      }) as never);
      return koa;
    },
    'for an application that contains this one': (koa, seen) =>
      new Koa()
        .use(async (context, next) => {
          await next();
          seen.push({ body: context.body, status: context.status });
        })
        .use(compose(koa.middleware as never) as never),
    'for a setter of its own': (koa, seen) => {
      const upstream = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(koa.response), 'body');
      Object.defineProperty(koa.response, 'body', {
        get: upstream?.get,
        set(this: Context['response'], body: unknown) {
          seen.push({ body, status: this.status });
          upstream?.set?.call(this, body);
        },
      });
      return koa;
    },
    'for its own handling of requests': (koa, seen) => {
      type Run = (context: Context) => Promise<unknown>;
      const handling = koa as unknown as { handleRequest(context: Context, run: Run): Promise<unknown> };
      const { handleRequest } = handling;
      handling.handleRequest = function handled(this: Koa, context, run) {
        return handleRequest.call(this, context, async (inner) => {
          await run(inner);
          seen.push({ body: inner.body, status: inner.status });
        });
      };
      return koa;
    },
  };

  test.each(Object.keys(ways))('%s', async (way) => {
    const { oauth2 } = await testOAuth2({ throttling: { policies: { none: '0/m', few: '5/m' } } });
    const seen: Seen[] = [];
    const koa = ways[way]?.(oauth2.createKoaServer({ controllers: controllers() }), seen) as Koa;
    const server = await listen(koa);
    try {
      const { status } = await server.ask('GET', '/json/one', {});
      expect(status).toBe('401 Unauthorized');
      expect(seen).toMatchObject([{ status: 401, body: { error: 'authentication_required' } }]);
    } finally {
      await server.close();
      await oauth2.close();
    }
  });
});
