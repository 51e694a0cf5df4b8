import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa, { type Context } from 'koa';
import {
  Authorized,
  ContentType,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpError,
  JsonController,
  Location,
  OnNull,
  OnUndefined,
  Redirect,
  Render,
  UseInterceptor,
  useKoaServer,
} from 'routing-controllers';
import {
  Access,
  type Authenticator,
  bearer,
  CurrentToken,
  IsAuthenticated,
  type OAuth2,
  type Permission,
  Public,
  type RequestAccess,
  session,
  Throttle,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class Objects implements Permission {
  hasPermission(): boolean {
    return true;
  }
  hasObjectPermission(): boolean {
    return false;
  }
}

class Hides implements Permission {
  hasPermission(): boolean {
    const headers = {
      'cache-control': 'public, max-age=3600',
      'CDN-Cache-Control': 'max-age=3600',
      'Surrogate-Control': 'max-age=3600',
      Expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
    };
    throw Object.assign(new HttpError(404, 'Nothing here.'), { headers });
  }
}

/** Hides entities by errors that the default error handler shows in another way than by their names. */
class HidesObjects implements Permission {
  hasPermission(): boolean {
    return true;
  }
  hasObjectPermission({ query }: RequestAccess): boolean {
    if (query.how === 'named') throw new HttpError(404, 'Nothing here.');
    throw Object.assign(new HttpError(404, 'Nothing here.'), { toJSON: () => ({ code: 7 }) });
  }
}

/** All that an action can say of its response; none of it is for a refusal. */
function Loud(): MethodDecorator {
  const decorators = [
    Header('Cache-Control', 'public, max-age=3600'),
    Header('CDN-Cache-Control', 'max-age=3600'),
    Header('Expires', 'Thu, 01 Jan 2099 00:00:00 GMT'),
    Header('WWW-Authenticate', 'Basic realm="mine"'),
    Header('Vary', 'Accept-Language'),
    ContentType('text/html'),
    Location('https://elsewhere.example/'),
    HttpCode(299),
    OnNull(298),
    OnUndefined(297),
    UseInterceptor((_action: unknown, content: unknown) => content),
  ];
  return (target, name) => {
    for (const decorator of decorators) (decorator as Function)(target, name);
  };
}

function actions(prefix: string, kind: typeof JsonController) {
  @kind(prefix)
  class Actions {
    @Loud()
    @Authorized('a')
    @Get('/guarded')
    guarded() {
      return 'fine';
    }

    @Loud()
    @Redirect('https://elsewhere.example/')
    @Authorized('b')
    @Get('/redirecting')
    redirecting() {
      return '/';
    }

    @Loud()
    @Render('page')
    @Authorized('b')
    @Get('/rendering')
    rendering() {
      return {};
    }

    @Loud()
    @Authorized(Objects)
    @Get('/object')
    async object(@Access() access: RequestAccess) {
      await access.checkObject({});
    }

    @Loud()
    @Authorized(Hides)
    @Get('/hidden')
    hidden() {}

    @Header('Cache-Control', 'public, max-age=3600')
    @Header('CDN-Cache-Control', 'max-age=3600')
    @Authorized(HidesObjects)
    @Get('/hidden-object')
    async hiddenObject(@Access() access: RequestAccess) {
      await access.checkObject({});
    }

    @Loud()
    @Public()
    @Get('/token')
    token(@CurrentToken({ required: true }) _token: unknown) {}

    @Loud()
    @Public()
    @Throttle('never')
    @Get('/throttled')
    throttled() {}

    @Public()
    @Header('Cache-Control', 'public, max-age=3600')
    @Get('/open')
    open() {
      return 'fine';
    }
  }
  return Actions;
}

const MODES = [true, false] as const;
const ENTRIES = ['our entry', 'checkers'] as const;

describe.each(ENTRIES)('[RS-66] a refusal is never for caches, whatever its action says of itself, in %s', (entry) => {
  let oauth2: OAuth2;
  let good: Record<string, string>;
  const served = new Map<boolean, Served>();

  beforeAll(async () => {
    const test = await testOAuth2({
      authenticators: [session(), bearer({ query: true })],
      throttling: { policies: { never: { rate: '0/m', subject: () => 'x' } } },
    });
    oauth2 = test.oauth2;
    good = bearerHeader(await test.issue('a', 'alice'));
    for (const defaultErrorHandler of MODES) {
      const koa = new Koa();
      koa.silent = true;
      koa.use((context: Context, next) => {
        if (context.get('Cookie') !== '') Object.assign(context, { session: { userId: 'alice' } });
        context.set('Cache-Control', 'public, max-age=60');
        return next();
      });
      const controllers = [actions('/json', JsonController), actions('/text', Controller as typeof JsonController)];
      const options = { controllers, defaultErrorHandler, development: true };
      if (entry === 'our entry') oauth2.useKoaServer(koa, options);
      else useKoaServer(koa, { ...options, ...oauth2.routingControllers() });
      served.set(defaultErrorHandler, await serve(koa));
    }
  });
  afterAll(async () => {
    for (const one of served.values()) await one.close();
    await oauth2.close();
  });

  const ask = (defaultErrorHandler: boolean, path: string, headers: Record<string, string> = {}) =>
    (served.get(defaultErrorHandler) as Served).get(path, { headers, redirect: 'manual' });

  const refusals = [
    ['/guarded', {}, 401, 'authentication_required'],
    ['/guarded', { authorization: 'Bearer unknown-token' }, 401, 'invalid_token'],
    ['/redirecting', 'good', 403, 'insufficient_scope'],
    ['/rendering', 'good', 403, 'insufficient_scope'],
    ['/object', 'good', 403, 'access_denied'],
    ['/token', {}, 401, 'authentication_required'],
    ['/throttled', {}, 429, 'throttled'],
  ] as const;

  describe.each(['/json', '/text'])('in a controller of %s', (prefix) => {
    test.each(refusals)('%s with %j: %i %s', async (path, given, status, code) => {
      for (const mode of MODES) {
        const reply = await ask(mode, `${prefix}${path}`, given === 'good' ? good : given);
        const { headers } = reply;
        expect([reply.status, headers.get('cache-control'), headers.get('content-type')]).toEqual([
          status,
          'no-store',
          'application/json; charset=utf-8',
        ]);
        expect([headers.get('cdn-cache-control'), headers.get('expires')]).toEqual([null, null]);
        expect((await reply.json()) as object).toMatchObject({ error: code });
        const challenge = headers.get('www-authenticate');
        if (status === 401) expect(challenge).toMatch(/^Bearer realm="api"/);
        if (code === 'insufficient_scope') expect(challenge).toMatch(/^Bearer .*scope="b"/);
        expect(headers.get('vary')).toMatch(/\bAuthorization\b/);
      }
    });

    test('an HttpError of a permission', async () => {
      for (const mode of MODES) {
        const { status, headers } = await ask(mode, `${prefix}/hidden`, good);
        expect([status, headers.get('cache-control'), headers.get('cdn-cache-control')]).toEqual([
          404,
          'no-store',
          null,
        ]);
        expect([headers.get('surrogate-control'), headers.get('expires')]).toEqual([null, null]);
      }
    });

    test.each(['named', 'in JSON of its own'])('an HttpError of a permission about an entity, %s', async (how) => {
      for (const mode of MODES) {
        const { status, headers } = await ask(mode, `${prefix}/hidden-object?how=${how}`, good);
        expect([mode, status, headers.get('cache-control'), headers.get('cdn-cache-control')]).toEqual([
          mode,
          404,
          'no-store',
          null,
        ]);
      }
    });

    test('what is allowed has the fields of its action', async () => {
      for (const mode of MODES) {
        const { status, headers } = await ask(mode, `${prefix}/guarded`, good);
        expect([status, headers.get('cache-control'), headers.get('www-authenticate')]).toEqual([
          299,
          'public, max-age=3600',
          'Basic realm="mine"',
        ]);
      }
    });
  });

  test('Vary names what decided, alongside what the application names', async () => {
    const token = await ask(true, '/json/guarded', good);
    // In our entry what an action declares is joined at start-up, with all that authentication may read.
    expect(token.headers.get('vary')).toBe(
      entry === 'our entry' ? 'Accept-Language, Authorization, Cookie' : 'Accept-Language, Authorization',
    );
    const anonymous = await ask(true, '/json/guarded');
    expect(anonymous.headers.get('vary')?.split(', ')).toEqual(expect.arrayContaining(['Authorization', 'Cookie']));
    const bySession = await ask(true, '/json/object', { cookie: 'session=1' });
    expect(bySession.headers.get('vary')?.split(', ')).toEqual(expect.arrayContaining(['Authorization', 'Cookie']));
  });

  test('an open action that asks for nobody is for every cache', async () => {
    const { headers } = await ask(true, '/json/open', good);
    expect([headers.get('cache-control'), headers.get('vary')]).toEqual(['public, max-age=3600', null]);
  });

  test('an answer for a token in the query is private, whatever its action says', async () => {
    const token = (good.authorization as string).slice(7);
    const reply = await ask(true, `/json/guarded?access_token=${token}`);
    expect([reply.status, reply.headers.get('cache-control')]).toEqual([299, 'private']);
  });
});

test('[RS-66 9110 §12.5.5] Vary is added to, never replaced: bearer alone names Authorization alone', async () => {
  @JsonController('/vary')
  class Varying {
    @Authorized('a')
    @Get('/')
    get() {
      return {};
    }
  }
  const { oauth2, issue } = await testOAuth2();
  const koa = new Koa();
  let before: string | undefined;
  koa.use((context, next) => {
    if (before !== undefined) context.set('Vary', before);
    return next();
  });
  oauth2.useKoaServer(koa, { controllers: [Varying] });
  const one = await serve(koa);
  const headers = bearerHeader(await issue('a'));
  for (const [given, vary] of [
    [undefined, 'Authorization'],
    ['Origin', 'Origin, Authorization'],
    ['authorization , Origin', 'authorization, Origin'],
    ['*', '*'],
  ]) {
    before = given;
    expect((await one.get('/vary', { headers })).headers.get('vary')).toBe(vary);
    expect((await one.get('/vary')).headers.get('vary')).toBe(vary);
  }
  await one.close();
  await oauth2.close();
});

test('[RS-66 9110 §12.5.5] Vary names the fields that an authenticator of the host reads', async () => {
  @JsonController('/keys')
  class Keys {
    @Authorized(IsAuthenticated)
    @Get('/')
    get() {
      return {};
    }
  }
  const byKey: Authenticator = {
    reads: ['X-Api-Key'],
    authenticate(context) {
      if (context.get('X-Api-Key') !== 'known') return undefined;
      return { authType: 'key', principal: { kind: 'user', id: 'alice', key: 'user:alice' }, userId: 'alice' };
    },
  };
  const { oauth2 } = await testOAuth2({ authenticators: [byKey, bearer()] });
  const one = await serve(oauth2.createKoaServer({ controllers: [Keys] }));
  try {
    const known = await one.get('/keys', { headers: { 'X-Api-Key': 'known' } });
    expect([known.status, known.headers.get('vary')]).toEqual([200, 'X-Api-Key']);
    const unknown = await one.get('/keys');
    expect([unknown.status, unknown.headers.get('vary')]).toEqual([401, 'X-Api-Key, Authorization']);
  } finally {
    await one.close();
    await oauth2.close();
  }
});
