import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  All,
  Authorized,
  Controller,
  CurrentUser,
  Get,
  HttpCode,
  JsonController,
  Method,
  Post,
} from 'routing-controllers';
import {
  ConfigurationError,
  IsAuthenticated,
  type OAuth2,
  Public,
  RequiredScopes,
  Throttle,
  TokenHasScope,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;

beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2({ throttling: { policies: { user: '100/hour' } } }));
});

afterAll(() => oauth2.close());

function refusedAtStartUp(...controllers: Function[]): string {
  try {
    oauth2.createKoaServer({ controllers });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('It was served.');
}

describe('[RS-23] an action that is not guarded as it seems to be is refused at start-up', () => {
  test('an action without any declaration is named, with the fix', () => {
    @JsonController('/bare')
    class Bare {
      @Get('/open')
      open() {
        return {};
      }
    }
    expect(refusedAtStartUp(Bare)).toMatch(/Bare\.open \(GET \/bare\/open\): declares no requirement: add @Authorized/);
  });

  test('all problems are told at once, and no throttle makes up for a requirement', () => {
    @JsonController('/two')
    class Two {
      @Get('/a')
      a() {
        return {};
      }

      @Throttle('user')
      @Get('/b')
      b() {
        return {};
      }
    }
    const message = refusedAtStartUp(Two);
    expect(message).toMatch(/^2 of the actions cannot be served/);
    expect(message).toMatch(/Two\.a/);
    expect(message).toMatch(/Two\.b/);
  });

  test('two @Authorized on one method, of which routing-controllers uses one', () => {
    @JsonController()
    class Stacked {
      @Authorized('a')
      @Authorized('b')
      @Get('/stacked')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Stacked)).toMatch(/has 2 @Authorized\(\.\.\.\) on the method Stacked\.get/);
  });

  test('two @Authorized on one method are seen also if other decorators stand between them', () => {
    @JsonController()
    class StackedAround {
      @Authorized('a')
      @RequiredScopes('x')
      @Authorized('b')
      @Get('/stacked-around')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(StackedAround)).toMatch(/has 2 @Authorized/);
  });

  test('a role checker of routing-controllers, whose check() is never called', () => {
    class Staff {
      check() {
        return true;
      }
    }
    @JsonController()
    class Checked {
      @Authorized(Staff)
      @Get('/checked')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Checked)).toMatch(/Checked\.get .*routing-controllers never calls the check\(\)/);
  });

  test('a permission that has no scopes to require', () => {
    @JsonController()
    class Scopeless {
      @Authorized(TokenHasScope)
      @Get('/scopeless')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Scopeless)).toMatch(/TokenHasScope has no scopes to require/);
  });

  test('both public and guarded at one place', () => {
    @JsonController()
    class Contradiction {
      @Public()
      @Authorized('a')
      @Get('/contradiction')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Contradiction)).toMatch(/is both @Public\(\) and guarded/);
  });

  test('a throttle by a policy that there is not', () => {
    @JsonController()
    class Unknown {
      @Authorized('a')
      @Throttle('uploads')
      @Get('/unknown-policy')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Unknown)).toMatch(/uploads/);
  });

  test('a guarded OPTIONS action, since a preflight carries no credentials', () => {
    @JsonController()
    class Preflight {
      @Authorized('a')
      @Method('options', '/preflight')
      get() {
        return {};
      }
    }
    expect(refusedAtStartUp(Preflight)).toMatch(/guards OPTIONS/);
  });

  test('checkers alongside those of the entry', () => {
    expect(() => oauth2.createKoaServer({ controllers: [], authorizationChecker: () => true } as never)).toThrow(
      /authorizationChecker cannot be a function: this entry brings its own/,
    );
  });
});

describe('[RS-23] inherited actions', () => {
  abstract class Resource {
    @Authorized('list')
    @Get('/')
    list() {
      return { list: true };
    }

    @Authorized('wipe')
    @Post('/wipe')
    @HttpCode(200)
    wipe(): object {
      return { wiped: true };
    }
  }

  @Authorized('books')
  @JsonController('/books')
  class Books extends Resource {
    @Authorized('everything')
    override wipe(): object {
      return { wiped: 'books' };
    }
  }

  @RequiredScopes('shelf')
  abstract class Shelf {
    @Get('/')
    get() {
      return {};
    }
  }

  @JsonController('/attic')
  class Attic extends Shelf {}

  let served: Served;
  beforeAll(async () => {
    served = await serve(oauth2.createKoaServer({ controllers: [Books, Attic] }));
  });
  afterAll(() => served.close());

  test('keep the requirement of the method that they inherit, alongside that of their class', async () => {
    expect((await served.get('/books')).status).toBe(401);
    expect((await served.get('/books', { headers: bearerHeader(await issue('books')) })).status).toBe(403);
    expect((await served.get('/books', { headers: bearerHeader(await issue('books list')) })).status).toBe(200);
  });

  test('an overriding method adds to the requirement of the method that it overrides', async () => {
    const post = async (scope: string) =>
      (await served.get('/books/wipe', { method: 'POST', headers: bearerHeader(await issue(scope)) })).status;
    expect(await post('books wipe')).toBe(403);
    expect(await post('books everything')).toBe(403);
    expect(await post('books wipe everything')).toBe(200);
  });

  test('keep the requirement that stands on an ancestor class', async () => {
    expect((await served.get('/attic', { headers: bearerHeader(await issue('x')) })).status).toBe(403);
    expect((await served.get('/attic', { headers: bearerHeader(await issue('shelf')) })).status).toBe(200);
  });

  test('are refused by the audit for routing-controllers own entry, which would serve them unguarded', () => {
    expect(() => oauth2.audit([Attic])).toThrow(
      /Attic\.get .*inherits its requirement, which routing-controllers drops/,
    );
    expect(() => oauth2.audit([Books])).toThrow(/Books\.list/);
  });
});

describe('what is declared holds', () => {
  @Authorized('class')
  @JsonController('/declared')
  class Declared {
    @Authorized('method')
    @Get('/both')
    both() {
      return { ok: true };
    }

    @RequiredScopes('a')
    @Authorized([['x'], ['y', 'z']])
    @Get('/alternatives')
    alternatives() {
      return { ok: true };
    }

    @Public()
    @Get('/public')
    public() {
      return { ok: true };
    }

    @Authorized(IsAuthenticated)
    @Get('/user')
    user(@CurrentUser() user: unknown) {
      return { user };
    }

    @Authorized()
    @All('/all')
    all() {
      return { ok: true };
    }
  }

  @Public()
  @JsonController('/class-public')
  class ClassPublic {
    @Get('/open')
    open() {
      return { ok: true };
    }

    @Authorized('a')
    @Get('/closed')
    closed() {
      return { ok: true };
    }

    @Get('/needs-user')
    needsUser(@CurrentUser({ required: true }) user: { id: string }) {
      return { user: user.id };
    }
  }

  @Controller('/text')
  class Text {
    @Authorized('a')
    @Get('/')
    get() {
      return 'text';
    }
  }

  let served: Served;
  beforeAll(async () => {
    served = await serve(oauth2.createKoaServer({ controllers: [Declared, ClassPublic, Text] }));
  });
  afterAll(() => served.close());

  const status = async (path: string, scope: string, user?: string, method = 'GET') =>
    (await served.get(path, { method, headers: bearerHeader(await issue(scope, user)) })).status;

  test('class and method add up', async () => {
    expect(await status('/declared/both', 'class')).toBe(403);
    expect(await status('/declared/both', 'method')).toBe(403);
    expect(await status('/declared/both', 'class method')).toBe(200);
  });

  test('required scopes that no permission reads are required as such, alongside alternatives', async () => {
    expect(await status('/declared/alternatives', 'class x')).toBe(403);
    expect(await status('/declared/alternatives', 'class a y')).toBe(403);
    expect(await status('/declared/alternatives', 'class a x')).toBe(200);
    expect(await status('/declared/alternatives', 'class a y z')).toBe(200);
  });

  test('@Public on a method lifts what the class requires', async () => {
    expect((await served.get('/declared/public')).status).toBe(200);
  });

  test('@Authorized on a method closes it in a public class', async () => {
    expect((await served.get('/class-public/open')).status).toBe(200);
    expect((await served.get('/class-public/closed')).status).toBe(401);
  });

  test('@CurrentUser({required: true}) needs a user, also where nothing else is required', async () => {
    const nobody = await served.get('/class-public/needs-user');
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect(await status('/class-public/needs-user', 'x')).toBe(403);
    expect(await status('/class-public/needs-user', 'x', 'alice')).toBe(200);
  });

  test('a bare @Authorized() lets every valid token in', async () => {
    expect((await served.get('/declared/all')).status).toBe(401);
    expect(await status('/declared/all', 'class')).toBe(200);
  });

  test('OPTIONS is not guarded, and does not run a guarded @All action', async () => {
    const preflight = await served.get('/declared/all', { method: 'OPTIONS' });
    expect([preflight.status, await preflight.text()]).toEqual([204, '']);
    expect((await served.get('/declared/both', { method: 'OPTIONS' })).status).toBe(200);
  });

  test('HEAD runs the guard of GET', async () => {
    const head = await served.get('/declared/both', { method: 'HEAD' });
    expect([head.status, head.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"']);
    expect(await status('/declared/both', 'class method', undefined, 'HEAD')).toBe(200);
  });

  test('a path in another case or with a slash at its end is guarded nevertheless', async () => {
    expect((await served.get('/DECLARED/both/')).status).toBe(401);
  });

  test('a controller of text refuses with the same JSON', async () => {
    const refused = await served.get('/text');
    expect(refused.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await refused.json()).toEqual({
      error: 'authentication_required',
      error_description: 'Authentication credentials were not provided.',
    });
  });

  test('describe tells of each action what it requires', () => {
    const table = oauth2.describe([Declared, ClassPublic], { routePrefix: '/v1' });
    expect(
      table.map(({ method, path, requirement, public: isPublic }) => [method, path, requirement, isPublic]),
    ).toEqual([
      ['GET', '/v1/declared/both', 'class, method', false],
      ['GET', '/v1/declared/alternatives', 'class, x | y z, TokenHasScope(a)', false],
      ['GET', '/v1/declared/public', '', true],
      ['GET', '/v1/declared/user', 'class, IsAuthenticated', false],
      ['ALL', '/v1/declared/all', 'class', false],
      ['GET', '/v1/class-public/open', '', true],
      ['GET', '/v1/class-public/closed', 'a', false],
      ['GET', '/v1/class-public/needs-user', 'IsAuthenticated', false],
    ]);
    expect(table.every((action) => action.declared && action.problems.length === 0)).toBe(true);
  });
});
