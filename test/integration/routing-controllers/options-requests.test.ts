import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Context, Next } from 'koa';
import {
  All,
  Authorized,
  Body,
  Ctx,
  CurrentUser,
  createKoaServer,
  Delete,
  Get,
  JsonController,
  Method,
  UseBefore,
} from 'routing-controllers';
import { Access, type OAuth2, Public, type RequestAccess, Throttle } from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

/** The bodies of actions that ran. */
const ran: string[] = [];
/** The OPTIONS requests that a policy was asked to count. */
let counted = 0;

function answer(context: Context, name: string, access?: RequestAccess) {
  ran.push(`${name} ${context.method}`);
  return { name, user: access?.userId ?? null };
}

const counting = (name: string) => ({
  name,
  rate: '2/d' as const,
  subject: () => name,
  cost: () => {
    counted += 1;
    return 1;
  },
});

function passOn(_context: Context, next: Next) {
  return next();
}

@JsonController()
class Controller {
  @Public()
  @Method('options', '/own')
  own(@Ctx() context: Context, @Access() access: RequestAccess, @CurrentUser() _user: unknown) {
    return answer(context, 'own', access);
  }

  @Public()
  @Throttle(counting('own-throttled'))
  @Method('options', '/own-throttled')
  ownThrottled(@Ctx() context: Context) {
    return answer(context, 'own-throttled');
  }

  @Public()
  @All('/public-all')
  publicAll(@Ctx() context: Context, @Access() access: RequestAccess) {
    return answer(context, 'public-all', access);
  }

  @Public()
  @Throttle(counting('public-all-throttled'))
  @All('/public-all-throttled')
  publicAllThrottled(@Ctx() context: Context) {
    return answer(context, 'public-all-throttled');
  }

  @Authorized('a')
  @Throttle(counting('guarded-all'))
  @All('/guarded-all')
  guardedAll(@Ctx() context: Context) {
    return answer(context, 'guarded-all');
  }

  @Authorized('a')
  @UseBefore(passOn)
  @All('/guarded-all-with-middleware')
  guardedAllWithMiddleware(@Ctx() context: Context, @Body() _body: unknown) {
    return answer(context, 'guarded-all-with-middleware');
  }

  @Public()
  @All('/needs-user')
  needsUser(@Ctx() context: Context, @CurrentUser({ required: true }) _user: unknown) {
    return answer(context, 'needs-user');
  }

  @Authorized('a')
  @All(/^\/guarded-pattern\/\d+$/)
  guardedPattern(@Ctx() context: Context) {
    return answer(context, 'guarded-pattern');
  }

  @Authorized('a')
  @All('/guarded-parameter/:id')
  guardedParameter(@Ctx() context: Context) {
    return answer(context, 'guarded-parameter');
  }

  @Authorized('a')
  @Throttle(counting('guarded-get'))
  @Get('/verbs')
  guardedGet(@Ctx() context: Context) {
    return answer(context, 'guarded-get');
  }

  @Public()
  @Delete('/verbs')
  publicDelete(@Ctx() context: Context) {
    return answer(context, 'public-delete');
  }
}

/** A guarded `@All` stands before an OPTIONS action of the same path. */
@JsonController('/both')
class Both {
  @Authorized('a')
  @All()
  all(@Ctx() context: Context) {
    return answer(context, 'all');
  }

  @Public()
  @Method('options')
  options(@Ctx() context: Context) {
    return answer(context, 'options');
  }
}

const PREFLIGHT = { origin: 'https://app.example', 'access-control-request-method': 'POST' };

/** An answer of none of the actions: no refusal, no field of a throttle, no body. */
function nobody(status: number) {
  return { status, text: '', challenge: null, policy: null, ran: [] };
}

describe.each(['our entry', 'checkers'])('OPTIONS, in %s', (entry) => {
  let oauth2: OAuth2;
  let issue: (scope: string, user?: string) => Promise<string>;
  const served = new Map<boolean, Served>();

  beforeAll(async () => {
    ({ oauth2, issue } = await testOAuth2());
    for (const defaultErrorHandler of [true, false]) {
      const options = { controllers: [Controller, Both], defaultErrorHandler };
      served.set(
        defaultErrorHandler,
        await serve(
          entry === 'our entry'
            ? oauth2.createKoaServer(options)
            : createKoaServer({ ...options, ...oauth2.routingControllers() }),
        ),
      );
    }
  });
  beforeEach(() => {
    ran.length = 0;
    counted = 0;
  });
  afterAll(async () => {
    for (const one of served.values()) await one.close();
    await oauth2.close();
  });

  async function ask(path: string, headers: Record<string, string> = {}, defaultErrorHandler = true) {
    ran.length = 0;
    const reply = await (served.get(defaultErrorHandler) as Served).get(path, { method: 'OPTIONS', headers });
    const policy = reply.headers.get('ratelimit-policy');
    const challenge = reply.headers.get('www-authenticate');
    return { status: reply.status, text: await reply.text(), challenge, policy, ran: [...ran] };
  }

  test.each([
    ['a preflight', PREFLIGHT],
    ['another OPTIONS', {}],
  ])('%s goes to an action of its own that is public, with an access object', async (_name, headers) => {
    const token = await issue('a', 'alice');
    for (const path of ['/own', '/public-all']) {
      const name = path.slice(1);
      expect(await ask(path, headers)).toMatchObject({ status: 200, ran: [`${name} OPTIONS`] });
      const known = await ask(path, { ...headers, ...bearerHeader(token) });
      expect(JSON.parse(known.text)).toEqual({ name, user: 'alice' });
      // Bad credentials make an anonymous caller there, as for every other verb.
      const anonymous = await ask(path, { ...headers, ...bearerHeader('unknown') });
      expect([anonymous.status, JSON.parse(anonymous.text)]).toEqual([200, { name, user: null }]);
    }
  });

  test.each(['/own-throttled', '/public-all-throttled'])(
    'what runs the body of an action is counted, whatever fields the request has: %s',
    async (path) => {
      const first = await ask(path, {}, true);
      expect([first.status, first.policy]).toEqual([200, `"${path.slice(1)}";q=2;w=86400`]);
      expect((await ask(path, PREFLIGHT)).status).toBe(200);
      const refused = await ask(path, PREFLIGHT);
      expect([refused.status, refused.ran, counted]).toEqual([429, [], 3]);
    },
  );

  test.each([
    '/guarded-all',
    '/guarded-all-with-middleware',
    '/needs-user',
    '/guarded-pattern/7',
    '/guarded-parameter/7',
    '/GUARDED-ALL/',
  ])('a guarded @All never runs for OPTIONS, is not guarded then, and counts nothing: %s', async (path) => {
    const good = bearerHeader(await issue('a', 'alice'));
    for (const defaultErrorHandler of [true, false]) {
      for (const headers of [{}, PREFLIGHT, good, { ...PREFLIGHT, ...good }, bearerHeader('unknown')]) {
        expect(await ask(path, headers, defaultErrorHandler)).toEqual(nobody(204));
      }
    }
    expect(counted).toBe(0);
    const other = await (served.get(true) as Served).get(path, { method: 'PUT' });
    expect([other.status, ran]).toEqual([401, []]);
  });

  test('a path that has other verbs only is answered with what it allows, unguarded and uncounted', async () => {
    for (const headers of [{}, PREFLIGHT, bearerHeader('unknown')]) {
      expect(await ask('/verbs', headers)).toEqual(nobody(200));
      const allow = (await (served.get(true) as Served).get('/verbs', { method: 'OPTIONS', headers })).headers;
      expect(allow.get('allow')?.split(', ').sort()).toEqual(['DELETE', 'GET', 'HEAD']);
    }
    expect(counted).toBe(0);
  });

  test('a path that nobody serves is not found', async () => {
    expect((await ask('/nowhere', PREFLIGHT)).status).toBe(404);
  });
});

test('an OPTIONS action is found behind a guarded @All of the same path, which no other request passes', async () => {
  const { oauth2, issue } = await testOAuth2();
  const one = await serve(oauth2.createKoaServer({ controllers: [Both] }));
  ran.length = 0;
  expect(await (await one.get('/both', { method: 'OPTIONS' })).json()).toEqual({ name: 'options', user: null });
  expect((await one.get('/both')).status).toBe(401);
  expect((await one.get('/both', { headers: bearerHeader(await issue('a')) })).status).toBe(200);
  expect(ran).toEqual(['options OPTIONS', 'all GET']);
  await one.close();
  await oauth2.close();
});

test('a checker of the host around ours neither hangs on OPTIONS nor lets it into a guarded @All', async () => {
  const { oauth2 } = await testOAuth2();
  const { authorizationChecker, currentUserChecker } = oauth2.routingControllers();
  const one = await serve(
    createKoaServer({
      controllers: [Both],
      currentUserChecker,
      authorizationChecker: async (action, roles) => await authorizationChecker(action, roles),
    }),
  );
  ran.length = 0;
  const signal = AbortSignal.timeout(20_000);
  expect((await one.get('/both', { method: 'OPTIONS', signal })).status).toBe(403);
  expect(ran).toEqual([]);
  await one.close();
  await oauth2.close();
});
