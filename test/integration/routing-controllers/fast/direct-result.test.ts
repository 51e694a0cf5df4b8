import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import {
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
import { type OAuth2, Throttle } from '../../../../src/public/index.js';
import { contextsOf } from '../../../support/guard/contexts.js';
import { type Listening, listen, passOn } from '../../../support/routing-controllers/answers.js';
import { testOAuth2 } from '../../../support/routing-controllers/oauth2.js';

class Named {
  constructor(
    readonly name: string,
    readonly at = new Date(0),
  ) {}
}

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
    // Without the stacks of errors, which tell what served them.
    const served = { controllers: resultControllers(), development: false, ...settings };
    const listenTo = (koa: Koa, which: keyof typeof errors) =>
      listen(koa.on('error', (error: Error) => errors[which].push(error.message)));
    const koa = oauth2.createKoaServer(served);
    contexts = contextsOf(koa);
    direct = await listenTo(koa, 'direct');
    ordinary = await listenTo(oauth2.useKoaServer(new Koa().use(passOn), served), 'ordinary');
    paths = oauth2
      .describe(served.controllers)
      .map(({ path }) => path)
      // What is left of a policy differs.
      .filter((path) => path !== '/decorated/throttled');
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
