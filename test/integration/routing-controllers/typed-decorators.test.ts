import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  createKoaServer,
  Get,
  JsonController,
  Authorized as PlainAuthorized,
  CurrentUser as PlainCurrentUser,
  Post,
} from 'routing-controllers';
import {
  Authorized,
  allOf,
  ConfigurationError,
  CurrentUser,
  createOAuth2,
  defineScopes,
  type GuardedAction,
  IsAuthenticated,
  type OAuth2,
  type RequestAccess,
  RequiredScopes,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

const shop = defineScopes({ 'books:read': 'See books', 'books:write': 'Change books', admin: 'Everything' });

@shop.Authorized('books:read')
@JsonController('/ours')
class Ours {
  @Get('/class')
  ofClass(@CurrentUser() user?: { id: string }) {
    return { user: user?.id };
  }
  @shop.Authorized([['books:write'], ['admin']])
  @Get('/alternatives')
  alternatives() {
    return {};
  }
  @Authorized(shop.allOf(IsAuthenticated, shop.not('admin')))
  @Get('/composed')
  composed(@CurrentUser({ required: true }) user: { id: string }) {
    return { user: user.id };
  }
  @shop.RequiredScopes('books:write')
  @Post('/required')
  required() {
    return {};
  }
}

@PlainAuthorized('books:read')
@JsonController('/theirs')
class Theirs {
  @Get('/class')
  ofClass(@PlainCurrentUser() user?: { id: string }) {
    return { user: user?.id };
  }
  @PlainAuthorized([['books:write'], ['admin']])
  @Get('/alternatives')
  alternatives() {
    return {};
  }
  @PlainAuthorized(allOf(IsAuthenticated, shop.not('admin')))
  @Get('/composed')
  composed(@PlainCurrentUser({ required: true }) user: { id: string }) {
    return { user: user.id };
  }
  @RequiredScopes('books:write')
  @Post('/required')
  required() {
    return {};
  }
}

@Authorized()
@JsonController('/bare')
class Bare {
  @Get('/')
  get() {
    return {};
  }
}

describe.each([['our entry'], ['the entry of routing-controllers']])('%s', (entry) => {
  let oauth2: OAuth2;
  let server: Served;
  const tokens: Record<string, string> = {};

  beforeAll(async () => {
    const made = await testOAuth2({ scopes: shop.scopes });
    oauth2 = made.oauth2;
    for (const scope of ['books:read', 'books:read books:write', 'books:read admin', 'books:write'])
      tokens[scope] = await made.issue(scope, 'alice');
    const controllers = [Ours, Theirs, Bare];
    oauth2.audit(controllers);
    const koa =
      entry === 'our entry'
        ? oauth2.createKoaServer({ controllers })
        : createKoaServer({ ...oauth2.routingControllers(), controllers });
    server = await serve(koa);
  });
  afterAll(async () => {
    await server.close();
    await oauth2.close();
  });

  const ask = async (method: string, path: string, scope?: string) =>
    (
      await fetch(`${server.url}${path}`, {
        method,
        headers: scope === undefined ? {} : bearerHeader(tokens[scope] as string),
      })
    ).status;

  test.each([
    ['GET', '/class', ['books:read'], ['books:write', undefined]],
    ['GET', '/alternatives', ['books:read books:write', 'books:read admin'], ['books:read', 'books:write', undefined]],
    ['GET', '/composed', ['books:read'], ['books:read admin', 'books:write', undefined]],
    ['POST', '/required', ['books:read books:write'], ['books:read', 'books:write', undefined]],
  ])(
    '[TY-1] %s %s: @Authorized of this package decides as that of routing-controllers',
    async (method, path, good, bad) => {
      for (const controller of ['/ours', '/theirs']) {
        for (const scope of good)
          expect([scope, (await ask(method, `${controller}${path}`, scope)) < 300]).toEqual([scope, true]);
        for (const scope of bad)
          expect([scope, await ask(method, `${controller}${path}`, scope)]).toEqual([
            scope,
            scope === undefined ? 401 : 403,
          ]);
      }
    },
  );

  test('[TY-1] @Authorized() of this package lets every token in, and nobody else', async () => {
    expect(await ask('GET', '/bare', 'books:write')).toBe(200);
    expect(await ask('GET', '/bare')).toBe(401);
  });

  test('[TY-1] @CurrentUser() of this package injects the user', async () => {
    const answer = await fetch(`${server.url}/ours/composed`, {
      headers: bearerHeader(tokens['books:read'] as string),
    });
    expect(await answer.json()).toEqual({ user: 'alice' });
  });
});

test('[TY-1] a decorator of this package on a static method is refused where it is applied', () => {
  expect(() => {
    class Static {
      @Authorized('admin')
      static get() {}
      list() {}
    }
    return Static;
  }).toThrow('Static.get: decorators of actions have no effect on a static method, because no route leads to it.');
});

test('[TY-1] defineScopes refuses what is no scope name', () => {
  expect(() => defineScopes({ 'books read': 'Two words' })).toThrow(
    'The option defineScopes(...).*** cannot be a string: the key must be one scope name (RFC 6749 §3.3).',
  );
});

/** A controller with one action that requires something. */
function requiring(
  decorator: (target: object, method: string) => void,
  others?: (target: object, method: string) => void,
) {
  @JsonController('/typo')
  class TypoController {
    @Get('/')
    list() {
      return {};
    }
  }
  for (const one of [decorator, others]) one?.(TypoController.prototype, 'list');
  return TypoController;
}

class OwnScopes extends TokenHasScope {
  override getScopes(_access: RequestAccess, _action: GuardedAction): string[] {
    return ['tenant:5'];
  }
}

class OwnResources extends TokenHasResourceScope {
  override getScopes(): string[] {
    return ['tenant:5'];
  }
}

describe('a scope that no option names', () => {
  const scopes = { 'books:read': 'See books', 'books:write': 'Change books', admin: 'Everything' };
  let oauth2: OAuth2;
  beforeAll(() => {
    oauth2 = createOAuth2({
      database: ':memory:',
      scopes,
      readScope: 'all:read',
      resourceMetadata: { scopes: ['listed'] },
    });
  });
  afterAll(() => oauth2.close());

  const serving: readonly [string, (controller: Function) => unknown][] = [
    ['our entry', (controller) => oauth2.createKoaServer({ controllers: [controller] })],
    ['audit, for the entry of routing-controllers', (controller) => oauth2.audit([controller])],
  ];

  const MISTAKES: readonly [string, () => Function, string][] = [
    [
      'a scope',
      () => requiring(Authorized('books:raed')),
      'requires the scope books:raed, which no option names; did you mean books:read?',
    ],
    [
      'of the plain decorator',
      () => requiring(PlainAuthorized(['books:read', 'amdin']) as never),
      'amdin, which no option names; did you mean admin?',
    ],
    [
      'an alternative',
      () => requiring(Authorized([['books:read'], ['admin', 'books:wirte']])),
      'books:wirte, which no option names; did you mean books:write?',
    ],
    [
      'one in a composition',
      () => requiring(Authorized(allOf(IsAuthenticated, shop.not('admni' as never)))),
      'admni, which no option names; did you mean admin?',
    ],
    [
      '@RequiredScopes',
      () => requiring(RequiredScopes('book:read')),
      'book:read, which no option names; did you mean books:read?',
    ],
    [
      'the scope of writing',
      () => requiring(Authorized(new TokenMatchesOASRequirements({ GET: [['admin'], ['write']] }))),
      'write, which no option names; known are books:read, books:write, admin, all:read, listed, openid, offline_access.',
    ],
    [
      'a resource',
      () => requiring(Authorized(TokenHasResourceScope), RequiredScopes('boks')),
      'boks:all:read, which no option names',
    ],
    [
      'of a permission with scopes of its own',
      () => requiring(Authorized(OwnScopes), RequiredScopes('amdin')),
      'amdin, which no option names; did you mean admin?',
    ],
  ];

  describe.each(serving)('%s', (_name, start) => {
    test.each(MISTAKES)('[TY-2] %s is refused at start-up, with the nearest one', (_what, controller, message) => {
      const refused = () => start(controller());
      expect(refused).toThrow(ConfigurationError);
      expect(refused).toThrow('TypoController.list');
      expect(refused).toThrow(message);
      expect(refused).toThrow('describe it in the option scopes');
    });

    test.each<[string, () => Function]>([
      ['scopes that are described', () => requiring(Authorized([['books:read'], ['admin']]))],
      ['openid and offline_access', () => requiring(Authorized(['openid', 'offline_access']))],
      ['what resourceMetadata.scopes lists', () => requiring(Authorized('listed'))],
      ['readScope', () => requiring(Authorized(TokenHasReadWriteScope))],
      ['a permission that overrides only getScopes', () => requiring(Authorized(OwnScopes))],
      ['scopes that depend on the request', () => requiring(Authorized(OwnScopes), RequiredScopes('admin'))],
      [
        'names of resources in a permission of the host',
        () => requiring(Authorized(OwnResources), RequiredScopes('books')),
      ],
    ])('[TY-2] %s are not refused', (_what, controller) => {
      expect(() => start(controller())).not.toThrow();
    });
  });

  test('[TY-2] without the option scopes every scope may be required', async () => {
    const any = createOAuth2({ database: ':memory:' });
    any.createKoaServer({ controllers: [requiring(Authorized('books:raed'))] });
    await any.close();
  });
});
