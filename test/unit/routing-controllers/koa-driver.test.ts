import { describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import {
  All,
  Body,
  Controller,
  Ctx,
  CurrentUser,
  Get,
  Header,
  HttpCode,
  HttpError,
  JsonController,
  Method,
  NotFoundError,
  Post,
  UseAfter,
  UseBefore,
} from 'routing-controllers';
import { AccessDeniedError } from '../../../src/core/errors.js';
import type { Authenticator } from '../../../src/resource-server/authentication/authenticator.js';
import type { Permission } from '../../../src/resource-server/permissions/permission.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import { Access } from '../../../src/routing-controllers/decorators/access.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { served } from '../../support/guard/serving.js';

/** Whoever names themselves in the field `x-user` is that user. */
const byName: Authenticator = {
  reads: ['X-User'],
  authenticate: ({ req }) => {
    const id = req.headers['x-user'] as string | undefined;
    if (id === undefined) return undefined;
    return { authType: 'name', userId: id, user: { id }, principal: { kind: 'user', id, key: `user:${id}` } };
  },
  challenge: (realm) => `Name realm="${realm}"`,
};
const authenticators = [byName];
const ALICE = { headers: { 'x-user': 'alice' } };

/** Throws what an action tells it to. */
class Throws implements Permission {
  constructor(
    private readonly request: unknown,
    private readonly object?: unknown,
  ) {}
  hasPermission(): boolean {
    if (this.request !== undefined) throw this.request;
    return true;
  }
  hasObjectPermission(): boolean {
    throw this.object;
  }
}

const ran: string[] = [];
const noting = (name: string) => (_context: unknown, next: () => Promise<unknown>) => {
  ran.push(name);
  return next();
};
const during = async (asking: () => Promise<{ status: number }>): Promise<unknown[]> => {
  ran.length = 0;
  const { status } = await asking();
  return [status, ...ran];
};

describe('an action is guarded', () => {
  @JsonController('/books')
  class Books {
    @Authorized()
    @Get('/alone')
    alone() {
      ran.push('action');
      return {};
    }

    @Authorized()
    @UseBefore(noting('before'))
    @UseAfter(noting('after'))
    @Post('/between')
    between(@Body() body: object) {
      ran.push(`action with ${JSON.stringify(body)}`);
      return {};
    }

    @Authorized()
    @All('/all')
    all() {
      ran.push('action');
      return {};
    }

    @Public()
    @Get('/open')
    open() {
      ran.push('action');
      return {};
    }

    @Public()
    @All('/open-all')
    openAll() {
      ran.push('action');
      return {};
    }

    @Authorized()
    @All('/own-options')
    guardedBeside() {
      ran.push('guarded');
      return {};
    }

    @Public()
    @Method('options', '/own-options')
    ownOptions() {
      ran.push('own');
      return {};
    }
  }
  const { ask } = served([Books], { authenticators });

  test('whether something comes between the guard and it, or nothing does', async () => {
    expect(await during(() => ask('/books/alone'))).toEqual([401]);
    expect(await during(() => ask('/books/alone', ALICE))).toEqual([200, 'action']);
    expect(await during(() => ask('/books/between', { method: 'POST', body: '{"a":1}' }))).toEqual([401]);
    const posted = () => ask('/books/between', { ...ALICE, method: 'POST', body: '{"a":1}' });
    expect(await during(posted)).toEqual([200, 'before', 'action with {"a":1}', 'after']);
  });

  test('and the check of routing-controllers itself, which would see only a part, is not made', async () => {
    expect(await during(() => ask('/books/open'))).toEqual([200, 'action']);
  });

  test('with @All too, but for OPTIONS', async () => {
    expect(await during(() => ask('/books/all'))).toEqual([401]);
    expect(await during(() => ask('/books/all', { ...ALICE, method: 'PUT' }))).toEqual([200, 'action']);
    expect(await during(() => ask('/books/all', { ...ALICE, method: 'OPTIONS' }))).toEqual([204]);
  });

  test('and OPTIONS goes to an action that is open to it, wherever that stands', async () => {
    // Served here, so that a mutant of how actions are registered is known to be reached by this test.
    const { ask } = served([Books], { authenticators });
    expect(await during(() => ask('/books/own-options', { ...ALICE, method: 'OPTIONS' }))).toEqual([200, 'own']);
    expect(await during(() => ask('/books/own-options', { ...ALICE, method: 'PUT' }))).toEqual([200, 'guarded']);
    expect(await during(() => ask('/books/open-all', { method: 'OPTIONS' }))).toEqual([200, 'action']);
  });

  test('and what no action answers has the answer of the router', async () => {
    expect((await ask('/books/alone', { method: 'PUT' })).status).toBe(405);
    const options = await ask('/books/alone', { method: 'OPTIONS' });
    expect([options.status, options.headers.allow]).toEqual([200, 'HEAD, GET']);
    expect((await ask('/unknown')).status).toBe(404);
  });
});

describe('a mistake in the declarations of one action', () => {
  test('is reported, and it is not served', () => {
    @JsonController('/mistakes')
    class Mistakes {
      @Get('/one')
      one() {}

      @Authorized()
      @Get('/fine')
      fine() {}

      @Get('/two')
      two() {}
    }
    expect(() => served([Mistakes])).toThrow(/Mistakes\.one [\s\S]*Mistakes\.two /);
    expect(() => served([Mistakes])).not.toThrow(/Mistakes\.fine/);
  });
});

describe('Vary of an action that sets it', () => {
  @JsonController('/vary')
  class Varying {
    @Header('Vary', 'Origin')
    @Authorized()
    @Get('/guarded')
    guarded() {
      return {};
    }

    @Header('Vary', 'Origin')
    @Public()
    @Throttle({ name: 'vary', rate: '100/s' })
    @Get('/throttled')
    throttled() {
      return {};
    }

    @Header('Vary', 'Origin')
    @Public()
    @Get('/user')
    user(@Ctx() _context: Context, @CurrentUser() _user: unknown) {
      return {};
    }

    @Header('Vary', 'Origin')
    @Public()
    @Get('/access')
    access(@Access() _access: RequestAccess) {
      return {};
    }

    @Header('Vary', 'Origin')
    @Public()
    @Get('/open')
    open(@Ctx() _context: Context) {
      return {};
    }
  }
  const { ask } = served([Varying], { authenticators });

  test.each(['/guarded', '/throttled', '/user', '/access'])('names what decides who is asking: %s', async (path) => {
    expect((await ask(`/vary${path}`, ALICE)).headers.vary).toBe('Origin, X-User');
  });

  test('stays what it is where nobody asks', async () => {
    expect((await ask('/vary/open', ALICE)).headers.vary).toBe('Origin');
  });
});

const denied = new AccessDeniedError('Not you.');
const hidden = new NotFoundError('There is no such book.');

function refusing(kind: typeof JsonController) {
  @kind('/refusing')
  class Refusing {
    @Authorized(new Throws(denied))
    @Get('/own')
    own() {}

    @Authorized(new Throws(hidden))
    @Get('/host')
    host() {}

    @Authorized(new Throws(new TypeError('SELECT password')))
    @Get('/fault')
    fault() {}

    @Authorized(new Throws(undefined, hidden))
    @Header('Cache-Control', 'public')
    @Get('/object')
    async object(@Access() access: RequestAccess) {
      await access.checkObject({});
    }

    @Authorized(new Throws(undefined, hidden))
    @Header('Cache-Control', 'public')
    @Get('/instead')
    async instead(@Access() access: RequestAccess) {
      await access.checkObject({}).catch(() => undefined);
      throw new HttpError(418, 'A teapot.');
    }

    @Authorized(new Throws(undefined, denied))
    @HttpCode(403)
    @Get('/caught')
    async caught(@Access() access: RequestAccess) {
      await access.checkObject({}).catch(() => undefined);
      return { mine: true };
    }

    @Authorized(new Throws(undefined, new TypeError('SELECT owner')))
    @Get('/object-fault')
    async objectFault(@Access() access: RequestAccess) {
      await access.checkObject({});
    }

    @Authorized()
    @Header('Cache-Control', 'public')
    @Get('/thrown')
    thrown() {
      throw denied;
    }

    @Authorized()
    @Get('/teapot')
    teapot() {
      throw new HttpError(418, 'A teapot.');
    }
  }
  return Refusing;
}

describe('with the default error handler', () => {
  const options = { development: false };
  const json = served([refusing(JsonController)], { authenticators, options });
  const text = served([refusing(Controller as typeof JsonController)], { authenticators, options });

  test.each([
    ['/own', 403, '{"error":"access_denied","error_description":"Not you."}'],
    ['/thrown', 403, '{"error":"access_denied","error_description":"Not you."}'],
    ['/fault', 500, '{"error":"server_error","error_description":"The server met an unexpected condition."}'],
  ])('an error of this package is JSON in every controller: %s', async (path, status, body) => {
    for (const { ask } of [json, text]) {
      const answer = await ask(`/refusing${path}`, ALICE);
      expect([answer.status, answer.text]).toEqual([status, body]);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['cache-control']).toBe(status === 403 ? 'no-store' : undefined);
    }
  });

  test.each(['/host', '/object'])(
    'an error of the host is that of the controller, never for caches: %s',
    async (path) => {
      const inJson = await json.ask(`/refusing${path}`, ALICE);
      expect([inJson.status, inJson.headers['cache-control']]).toEqual([404, 'no-store']);
      expect(JSON.parse(inJson.text)).toMatchObject({ name: 'NotFoundError', message: 'There is no such book.' });
      const inText = await text.ask(`/refusing${path}`, ALICE);
      expect([inText.status, inText.headers['cache-control']]).toEqual([404, 'no-store']);
      expect(inText.headers['content-type']).toMatch(/^text\/plain/);
      expect(inText.text).toBe('There is no such book.');
    },
  );

  test('what an action throws in place of a refusal that it caught is answered as what it is', async () => {
    const answer = await json.ask('/refusing/instead', ALICE);
    expect([answer.status, answer.headers['cache-control']]).toEqual([418, 'public']);
    expect((await json.ask('/refusing/teapot', ALICE)).status).toBe(418);
  });

  test('an error of the host may be shown in another way, and is never for caches then either', async () => {
    const errorOverridingMap = { NotFoundError: { name: 'Hidden' } };
    const { ask } = served([refusing(JsonController)], { authenticators, options: { ...options, errorOverridingMap } });
    for (const path of ['/refusing/host', '/refusing/object']) {
      const answer = await ask(path, ALICE);
      expect([answer.status, answer.headers['cache-control']]).toEqual([404, 'no-store']);
      expect(JSON.parse(answer.text)).toMatchObject({ name: 'Hidden' });
    }
  });

  test('an action that catches a refusal answers by itself, with the same status too', async () => {
    const { status, text } = await json.ask('/refusing/caught', ALICE);
    expect([status, text]).toEqual([403, '{"mine":true}']);
  });

  test('a fault about an entity is logged once', async () => {
    let seconds = 0;
    const clock = {
      nowMilliseconds: () => Date.now(),
      monotonicMilliseconds: () => {
        seconds += 1;
        return seconds * 1_001;
      },
    };
    const { ask, lines } = served([refusing(JsonController)], { authenticators, options, clock });
    expect((await ask('/refusing/object-fault', ALICE)).status).toBe(500);
    expect(lines).toEqual([expect.stringContaining('SELECT owner')]);
  });

  test('a refusal without credentials has its challenge', async () => {
    const answer = await json.ask('/refusing/thrown');
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Name realm="api"']);
  });
});

describe('with that handler off', () => {
  const serving = () => {
    const koa = new Koa();
    const caught: unknown[] = [];
    koa.use(async (context, next) => {
      try {
        await next();
      } catch (error) {
        caught.push(error);
        if (context.query.rethrow !== undefined) throw error;
        context.status = 299;
        context.body = 'By the host.';
      }
    });
    const options = { defaultErrorHandler: false };
    return { ...served([refusing(JsonController)], { koa, authenticators, options }), caught };
  };

  test.each(['/own', '/thrown', '/fault'])('an error of this package is answered by it: %s', async (path) => {
    const { ask, caught } = serving();
    expect((await ask(`/refusing${path}`, ALICE)).status).not.toBe(299);
    expect(caught).toEqual([]);
  });

  test.each(['/host', '/object'])('an error of the host comes to the host: %s', async (path) => {
    const { ask, caught } = serving();
    expect((await ask(`/refusing${path}`, ALICE)).text).toBe('By the host.');
    expect(caught).toEqual([hidden]);
  });

  test.each(['/host', '/object'])('and has its response if the host does not handle it: %s', async (path) => {
    const answer = await serving().ask(`/refusing${path}?rethrow`, ALICE);
    expect([answer.status, answer.headers['cache-control']]).toEqual([404, 'no-store']);
    expect(JSON.parse(answer.text)).toMatchObject({ message: 'There is no such book.' });
  });
});

describe('a body', () => {
  @JsonController('/bodies')
  class Bodies {
    @Public()
    @Post('/')
    post(@Body() body: object) {
      return body;
    }
  }

  test('is read after the guard, unless it was read before', async () => {
    const { ask } = served([Bodies]);
    expect((await ask('/bodies', { method: 'POST', body: '{"a":1}' })).text).toBe('{"a":1}');
    const koa = new Koa().use((context, next) => {
      Object.assign(context.request, { body: { before: true } });
      return next();
    });
    const before = served([Bodies], { koa });
    expect((await before.ask('/bodies', { method: 'POST', body: '{"a":1}' })).text).toBe('{"before":true}');
  });

  test('that is none is 400, and one that is too large 413, and both say nothing of credentials', async () => {
    const { ask } = served([Bodies], { authenticators });
    const none = await ask('/bodies', { method: 'POST', body: '{"a":' });
    expect([none.status, JSON.parse(none.text), none.headers['www-authenticate']]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'The body of the request cannot be read.' },
      undefined,
    ]);
    const large = await ask('/bodies', { method: 'POST', body: `{"a":"${'x'.repeat(1_100_000)}"}` });
    expect([large.status, JSON.parse(large.text).error_description]).toEqual([
      413,
      'The body of the request is too large.',
    ]);
  });

  test('that is not what its encoding says is 400', async () => {
    const { ask } = served([Bodies]);
    const question = { method: 'POST', body: '{}', headers: { 'content-encoding': 'gzip' } };
    expect((await ask('/bodies', question)).status).toBe(400);
  });

  const readBefore = () =>
    new Koa().use(async (context, next) => {
      context.req.resume();
      await new Promise((resolve) => context.req.once('end', resolve));
      return next();
    });

  test('that somebody else has read is a fault of the server, of which it reveals nothing', async () => {
    const { ask, lines } = served([Bodies], { koa: readBefore() });
    const answer = await ask('/bodies', { method: 'POST', body: '{"a":1}' });
    expect(answer.status).toBe(500);
    expect(lines).toEqual([expect.stringMatching(/^The guard of POST \/bodies failed: InternalServerError: stream/)]);
    expect(answer.text).not.toContain('stream');
  });

  test('that somebody else has read comes to the host where it handles errors', async () => {
    const told: unknown[] = [];
    const koa = readBefore().on('error', (error) => told.push(error));
    const { ask } = served([Bodies], { koa, options: { defaultErrorHandler: false } });
    expect((await ask('/bodies', { method: 'POST', body: '{"a":1}' })).status).toBe(500);
    expect(told).toMatchObject([{ name: 'InternalServerError', type: 'stream.not.readable' }]);
  });

  test('that cannot be read comes to the host where it handles errors, and is answered if it does not', async () => {
    const caught: unknown[] = [];
    const koa = new Koa().use(async (_context, next) => {
      try {
        await next();
      } catch (error) {
        caught.push(error);
        throw error;
      }
    });
    const { ask } = served([Bodies], { koa, options: { defaultErrorHandler: false } });
    const none = await ask('/bodies', { method: 'POST', body: '{"a":' });
    expect([none.status, JSON.parse(none.text).error]).toEqual([400, 'invalid_request']);
    const zipped = { method: 'POST', body: '{}', headers: { 'content-encoding': 'gzip' } };
    expect((await ask('/bodies', zipped)).status).toBe(400);
    expect(caught).toMatchObject([
      { status: 400, body: '{"a":' },
      { status: 400, code: 'Z_DATA_ERROR' },
    ]);
  });
});
