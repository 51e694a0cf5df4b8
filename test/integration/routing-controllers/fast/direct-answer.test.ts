import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Koa, { type Context } from 'koa';
import compose from 'koa-compose';
import { All, Authorized, Controller, Get, Header, JsonController } from 'routing-controllers';
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
import { contextsOf } from '../../../support/guard/contexts.js';
import { type Listening, listen, passOn } from '../../../support/routing-controllers/answers.js';
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
