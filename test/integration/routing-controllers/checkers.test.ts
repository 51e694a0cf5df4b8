import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Authorized, CurrentUser, createKoaServer, Get, JsonController } from 'routing-controllers';
import {
  Access,
  CurrentToken,
  IsAuthenticated,
  type OAuth2,
  Public,
  type RequestAccess,
  RequiredScopes,
  Throttle,
  TokenHasScope,
  type VerifiedToken,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

class OwnOnly extends TokenHasScope {
  override readonly requiredScopes = ['a'];
  hasObjectPermission(): boolean {
    return false;
  }
  override scopeAlternatives(): undefined {
    return undefined;
  }
}

@JsonController('/plain')
class Plain {
  @Authorized('a')
  @Get('/a')
  a(@CurrentUser() one: unknown, @CurrentUser() two: unknown) {
    return { same: one === two, user: one ?? null };
  }

  @RequiredScopes('x')
  @Authorized(['a'])
  @Get('/joined')
  joined() {
    return { ok: true };
  }

  @Authorized(['a'])
  @RequiredScopes('x')
  @Get('/joined-below')
  joinedBelow() {
    return { ok: true };
  }

  @Throttle({ name: 'plain', rate: '1/d' })
  @Authorized('a')
  @Get('/throttled')
  throttled() {
    return { ok: true };
  }

  @Public()
  @Get('/public')
  public(@CurrentToken() token: VerifiedToken | undefined, @Access() access: RequestAccess) {
    return { scopes: token?.scopes ?? null, known: access.isAuthenticated };
  }

  @Authorized(OwnOnly)
  @Get('/object')
  async object(@Access() access: RequestAccess) {
    await access.checkObject({});
    return {};
  }

  @Authorized(IsAuthenticated)
  @Get('/user')
  user() {
    return {};
  }
}

@Authorized([['p'], ['q']])
@JsonController('/both')
class Both {
  @Authorized([['r'], ['s']])
  @Get('/')
  get() {
    return { ok: true };
  }

  @Get('/class-only')
  classOnly() {
    return { ok: true };
  }
}

@Authorized()
@RequiredScopes('shelf')
@JsonController('/shelf')
class Shelf {
  @Get('/')
  get() {
    return { ok: true };
  }
}

@Authorized('a')
@RequiredScopes('shelf')
@JsonController('/shelf-below')
class ShelfBelow {
  @Get('/')
  get() {
    return { ok: true };
  }
}

const [READ, WRITE, ADMIN] = [['read'], ['write'], ['admin']];

@Authorized([READ, ADMIN])
@JsonController('/shared')
class Shared {
  @Authorized([READ, WRITE, ADMIN])
  @Get('/any')
  any() {
    return { ok: true };
  }

  @Authorized([WRITE, ADMIN])
  @Get('/')
  get() {
    return { ok: true };
  }
}

@JsonController('/listed')
class Listed {
  @Authorized([READ, WRITE, ADMIN])
  @Get('/')
  get() {
    return { ok: true };
  }
}

@Public()
@JsonController('/half-open')
class HalfOpen {
  @Authorized()
  @Get('/closed')
  closed() {
    return { ok: true };
  }
}

@Public()
@JsonController('/open')
class Open {
  @Get('/')
  get() {
    return { ok: true };
  }

  @Authorized('a')
  @Get('/closed')
  closed() {
    return { ok: true };
  }
}

interface Answer {
  status: number;
  headers: [string, string][];
  body: string;
}

async function whole(response: Response): Promise<Answer> {
  const headers = [...response.headers].filter(([name]) => name !== 'date');
  return { status: response.status, headers, body: await response.text() };
}

let oauth2: OAuth2;
let issue: (scope: string, user?: string) => Promise<string>;
const served = new Map<string, Served>();

beforeAll(async () => {
  ({ oauth2, issue } = await testOAuth2());
  const controllers = [Plain, Both, Shelf, ShelfBelow, Listed, Shared, HalfOpen, Open];
  for (const defaultErrorHandler of [true, false]) {
    const options = { controllers, defaultErrorHandler, development: true };
    served.set(
      `checkers ${defaultErrorHandler}`,
      await serve(createKoaServer({ ...options, ...oauth2.routingControllers() })),
    );
    served.set(`entry ${defaultErrorHandler}`, await serve(oauth2.createKoaServer(options)));
  }
});

afterAll(async () => {
  for (const one of served.values()) await one.close();
  await oauth2.close();
});

async function everywhere(path: string, headers: () => Promise<Record<string, string>>): Promise<Answer> {
  const answers = new Map<string, Answer>();
  for (const [name, one] of served) answers.set(name, await whole(await one.get(path, { headers: await headers() })));
  const [first] = answers.values();
  for (const [name, answer] of answers) expect({ name, ...answer }).toEqual({ name, ...first });
  return first as Answer;
}

describe('both error-handler modes, and both entries, answer alike to the byte', () => {
  const cases: [string, string, () => Promise<Record<string, string>>, number][] = [
    ['no credentials', '/plain/a', async () => ({}), 401],
    ['an unknown token', '/plain/a', async () => bearerHeader('nope'), 401],
    ['two tokens', '/plain/a', async () => bearerHeader('a b'), 401],
    ['a missing scope', '/plain/a', async () => bearerHeader(await issue('b')), 403],
    ['a permission that is not about scopes', '/plain/user', async () => bearerHeader(await issue('b')), 403],
    [
      'an object-level refusal from inside the action',
      '/plain/object',
      async () => bearerHeader(await issue('a')),
      403,
    ],
    ['a broken query', '/plain/a?x=%zz', async () => ({}), 400],
  ];
  test.each(cases)('%s', async (_name, path, headers, status) => {
    const answer = await everywhere(path, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers).toContainEqual(['content-type', 'application/json; charset=utf-8']);
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['error', 'error_description']);
  });

  test('and a good request', async () => {
    const token = await issue('a', 'alice');
    const answer = await everywhere('/plain/a', async () => bearerHeader(token));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      200,
      { same: true, user: { id: 'alice', active: true, staff: true } },
    ]);
  });

  test('HEAD is refused as GET is, without a body', async () => {
    for (const one of served.values()) {
      const head = await one.get('/plain/a', { method: 'HEAD' });
      expect([head.status, head.headers.get('www-authenticate'), await head.text()]).toEqual([
        401,
        'Bearer realm="api"',
        '',
      ]);
    }
  });
});

describe('what routing-controllers own entry shows a checker is guarded in full', () => {
  const status = async (path: string, scope: string) =>
    (await everywhere(path, async () => bearerHeader(await issue(scope)))).status;

  test.each(['/plain/joined', '/plain/joined-below'])(
    '%s: @RequiredScopes and @Authorized add up in either order',
    async (path) => {
      expect(await status(path, 'a')).toBe(403);
      expect(await status(path, 'x')).toBe(403);
      expect(await status(path, 'a x')).toBe(200);
    },
  );

  test('alternatives of class and method must both be satisfied, though the roles arrive in one list', async () => {
    expect(await status('/both', 'p')).toBe(403);
    expect(await status('/both', 'r')).toBe(403);
    expect(await status('/both', 'q s')).toBe(200);
    expect(await status('/both/class-only', 'q')).toBe(200);
  });

  test('@RequiredScopes on the class holds alongside a bare @Authorized()', async () => {
    expect(await status('/shelf', 'a')).toBe(403);
    expect(await status('/shelf', 'shelf')).toBe(200);
  });

  test('@Authorized on the class holds above @RequiredScopes, where routing-controllers does not see it', async () => {
    expect(await status('/shelf-below', 'shelf')).toBe(403);
    expect(await status('/shelf-below', 'a')).toBe(403);
    expect(await status('/shelf-below', 'a shelf')).toBe(200);
  });

  test('alternatives of class and method must both be satisfied, also where another action lists them together', async () => {
    expect(await status('/shared', 'read')).toBe(403);
    expect(await status('/shared', 'write')).toBe(403);
    expect(await status('/shared', 'read write')).toBe(200);
    expect(await status('/shared', 'admin')).toBe(200);
    expect(await status('/shared/any', 'read')).toBe(200);
    expect(await status('/listed', 'write')).toBe(200);
  });

  test('@Throttle holds', async () => {
    const token = await issue('a');
    const ask = () => (served.get('checkers true') as Served).get('/plain/throttled', { headers: bearerHeader(token) });
    expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '86400']);
    expect(refused.headers.get('ratelimit-policy')).toBe('"plain";q=1;w=86400');
  });

  test('a public action knows who is there', async () => {
    const token = await issue('a');
    const known = await everywhere('/plain/public', async () => bearerHeader(token));
    expect(JSON.parse(known.body)).toEqual({ scopes: ['a'], known: true });
    expect(JSON.parse((await everywhere('/plain/public', async () => ({}))).body)).toEqual({
      scopes: null,
      known: false,
    });
  });

  test('a public class is open, and a method in it that has an @Authorized of its own is not, be it bare', async () => {
    const nobody = async (path: string) => (await everywhere(path, async () => ({}))).status;
    expect(await nobody('/open')).toBe(200);
    expect(await nobody('/open/closed')).toBe(401);
    expect(await nobody('/half-open/closed')).toBe(401);
    expect(await status('/half-open/closed', 'x')).toBe(200);
  });

  test('the audit passes', () => {
    expect(() => oauth2.audit([Plain, Both, Shelf, ShelfBelow, Listed, Shared])).not.toThrow();
  });
});

test('@CurrentToken on an action that no guard has seen is a clear error, never an anonymous pass', async () => {
  @JsonController('/unseen')
  class Unseen {
    @Get('/')
    get(@CurrentToken() token: VerifiedToken | undefined) {
      return { token };
    }
  }
  const one = await serve(createKoaServer({ controllers: [Unseen], ...oauth2.routingControllers() }));
  const answer = await one.get('/unseen');
  expect([answer.status, ((await answer.json()) as { message: string }).message]).toEqual([
    500,
    expect.stringMatching(/need a guarded action/),
  ]);
  await one.close();
});
