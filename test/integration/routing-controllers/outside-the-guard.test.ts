import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import {
  All,
  Authorized,
  BodyParam,
  CurrentUser,
  createKoaServer,
  Get,
  JsonController,
  Post,
  QueryParam,
} from 'routing-controllers';
import {
  Access,
  type GuardedAction,
  type OAuth2,
  type Permission,
  Public,
  type RequestAccess,
  Throttle,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

const served: Served[] = [];
afterEach(async () => {
  for (const one of served.splice(0)) await one.close();
});

async function serving(koa: Koa): Promise<Served> {
  const one = await serve(koa);
  served.push(one);
  return one;
}

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;
beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
});
afterAll(() => oauth2.close());

test('@Access() on an action that no guard has seen is an error, also after a @CurrentUser()', async () => {
  @JsonController('/unseen')
  class Unseen {
    @Get('/both')
    async both(@CurrentUser() _user: unknown, @Access() access: RequestAccess) {
      await access.checkObject({ secret: true });
      return { leaked: true };
    }

    @Get('/user')
    user(@CurrentUser() one: { id: string } | undefined, @CurrentUser() two: unknown) {
      return { user: one?.id ?? null, same: one === two };
    }
  }
  const one = await serving(createKoaServer({ controllers: [Unseen], ...oauth2.routingControllers() }));
  const headers = bearerHeader(await issue('a', 'alice'));
  expect((await one.get('/unseen/both')).status).toBe(500);
  expect((await one.get('/unseen/both', { headers })).status).toBe(500);
  expect(await (await one.get('/unseen/user', { headers })).json()).toEqual({ user: 'alice', same: true });
});

test('a method that serves several verbs through the checkers is no single verb to its permissions', async () => {
  const verbs: string[] = [];
  class Noting implements Permission {
    hasPermission(_access: RequestAccess, action: GuardedAction): boolean {
      verbs.push(action.verb);
      return true;
    }
  }
  @JsonController('/verbs')
  class Verbs {
    @Throttle({ name: 'verbs', rate: '100/s' })
    @Authorized(Noting)
    @Get('/')
    @Post('/')
    many() {
      return {};
    }

    @Throttle({ name: 'verbs', rate: '100/s' })
    @Authorized(Noting)
    @Get('/one')
    one() {
      return {};
    }
  }
  const one = await serving(createKoaServer({ controllers: [Verbs], ...oauth2.routingControllers() }));
  await one.get('/verbs');
  await one.get('/verbs', { method: 'POST' });
  await one.get('/verbs/one');
  expect(verbs).toEqual(['ALL', 'ALL', 'GET']);
});

describe.each(['entry', 'checkers'])('a fault of the user store behind a public action (%s)', (entry) => {
  @JsonController('/fault')
  class Asking {
    @Public()
    @Get('/')
    get(@CurrentUser() user: unknown) {
      return { user: user ?? null };
    }
  }

  test.each([
    ['throws', () => null as never],
    ['rejects', () => Promise.reject(new Error('SELECT password FROM users'))],
  ])('that %s tells nothing outside', async (how, findById) => {
    const broken = await testOAuth2({
      users: {
        findById: () => {
          if (how === 'throws') throw new Error('SELECT password FROM users');
          return findById();
        },
        isActive: () => true,
      },
    });
    const options = { controllers: [Asking], development: true };
    const one = await serving(
      entry === 'entry'
        ? broken.oauth2.createKoaServer(options)
        : createKoaServer({ ...options, ...broken.oauth2.routingControllers() }),
    );
    const answer = await one.get('/fault', { headers: bearerHeader(await broken.issue('a', 'alice')) });
    expect([answer.status, await answer.text()]).toEqual([
      500,
      '{"error":"server_error","error_description":"The server met an unexpected condition."}',
    ]);
    await broken.oauth2.close();
  });
});

test('a request without a body has an empty one, so that no parameter throws while another is still awaited', async () => {
  @JsonController('/bodiless')
  class Bodiless {
    @Public()
    @All('/')
    get(@QueryParam('n') n: number, @BodyParam('x') x: string) {
      return { n: n ?? null, x: x ?? null };
    }
  }
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const one = await serving(oauth2.createKoaServer({ controllers: [Bodiless] }));
  expect((await one.get('/bodiless?n=abc')).status).toBe(400);
  expect(await (await one.get('/bodiless?n=1')).json()).toEqual({ n: 1, x: null });
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

describe('two configurations on one Koa application', () => {
  @JsonController('/first')
  class First {
    @Authorized('a')
    @Get('/')
    get() {
      return { first: true };
    }
  }

  @JsonController()
  class Second {
    @Public()
    @Get('/first')
    shadowed() {
      return { second: true };
    }

    @Authorized('b')
    @Get('/second')
    get(@Access() access: RequestAccess) {
      return { scopes: access.scopes };
    }
  }

  test('each guard its own actions, by their own tokens, and the first that serves a path decides', async () => {
    const other = await testOAuth2();
    const koa = new Koa();
    oauth2.useKoaServer(koa, { controllers: [First] });
    other.oauth2.useKoaServer(koa, { controllers: [Second] });
    const one = await serving(koa);
    const status = async (path: string, token?: string) =>
      (await one.get(path, token === undefined ? {} : { headers: bearerHeader(token) })).status;
    expect(await status('/first')).toBe(401);
    expect(await status('/first', await other.issue('a b'))).toBe(401);
    expect(await status('/first', await issue('a b'))).toBe(200);
    expect(await status('/second', await issue('a b'))).toBe(401);
    expect(await status('/second', await other.issue('a b'))).toBe(200);
    await other.oauth2.close();
  });
});

test.each([
  '//guarded',
  '/guarded//',
  '/%67uarded',
  '/GUARDED',
  '/guarded/',
  '/guarded/.',
  '/guarded%2f',
  '/x/../guarded',
])('no way of writing a path leads around the guard: %s', async (path) => {
  @JsonController('/guarded')
  class Guarded {
    @Authorized('a')
    @Get('/')
    get() {
      return { secret: true };
    }

    @Authorized('a')
    @Get(/^\/guarded-by-pattern\/\d+$/)
    pattern() {
      return { secret: true };
    }
  }
  const one = await serving(oauth2.createKoaServer({ controllers: [Guarded], routePrefix: '' }));
  const answer = await one.get(path);
  expect([401, 404]).toContain(answer.status);
  expect(await answer.text()).not.toContain('secret');
});
