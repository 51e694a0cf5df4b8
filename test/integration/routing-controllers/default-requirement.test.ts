import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import { Authorized, CurrentUser, Get, JsonController, useKoaServer } from 'routing-controllers';
import {
  AllowAny,
  createOAuth2,
  IsAuthenticated,
  type OAuth2,
  type OAuth2Options,
  Public,
  RequiredScopes,
  Throttle,
  TokenHasReadWriteScope,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

@JsonController('/plain')
class Plain {
  @Get('/nothing')
  nothing() {
    return {};
  }
  @Throttle({ name: 'few', rate: '1000/h' })
  @Get('/throttled')
  throttled() {
    return {};
  }
  @RequiredScopes('a')
  @Get('/scoped')
  scoped() {
    return {};
  }
  @Authorized('a')
  @Get('/own')
  own() {
    return {};
  }
  @Authorized()
  @Get('/any-principal')
  anyPrincipal() {
    return {};
  }
  @Authorized(AllowAny)
  @Get('/anybody')
  anybody() {
    return {};
  }
  @Public()
  @Get('/open')
  open() {
    return {};
  }
  @Get('/user')
  user(@CurrentUser({ required: true }) user: { id: string }) {
    return user.id;
  }
}

@Authorized('a')
@JsonController('/replaced')
class Replaced {
  @Get()
  get() {
    return {};
  }
}

@Public()
@JsonController('/opened')
class Opened {
  @Get()
  get() {
    return {};
  }
}

class Heir extends Plain {}
JsonController('/heir')(Heir);

const CONTROLLERS = [Plain, Replaced, Opened, Heir];

describe('with defaultRequirement: IsAuthenticated', () => {
  let served: Served;
  let oauth2: OAuth2;
  const tokens: Record<string, string> = {};
  beforeAll(async () => {
    const made = await testOAuth2({ defaultRequirement: IsAuthenticated });
    oauth2 = made.oauth2;
    Object.assign(tokens, {
      application: await made.issue('a'),
      user: await made.issue('b', 'alice'),
      'user with a': await made.issue('a', 'alice'),
    });
    served = await serve(oauth2.createKoaServer({ controllers: CONTROLLERS }));
  });
  afterAll(async () => {
    await served.close();
    await oauth2.close();
  });
  const statuses = async (path: string) => {
    const found: unknown[] = [];
    for (const who of ['nobody', 'application', 'user', 'user with a']) {
      const token = tokens[who];
      const headers = token === undefined ? {} : bearerHeader(token);
      found.push((await served.get(path, { headers })).status);
    }
    return found;
  };

  test.each(['/plain/nothing', '/plain/throttled', '/plain/user', '/heir/nothing'])(
    'an action that declares no requirement has it: %s',
    async (path) => {
      expect(await statuses(path)).toEqual([401, 403, 200, 200]);
    },
  );

  test('@RequiredScopes comes on top of it', async () => {
    expect(await statuses('/plain/scoped')).toEqual([401, 403, 403, 200]);
  });

  test('@Authorized replaces it, on an action and on a class', async () => {
    expect(await statuses('/plain/own')).toEqual([401, 200, 403, 200]);
    expect(await statuses('/replaced')).toEqual([401, 200, 403, 200]);
    expect(await statuses('/plain/any-principal')).toEqual([401, 200, 200, 200]);
    expect(await statuses('/plain/anybody')).toEqual([200, 200, 200, 200]);
  });

  test('@Public replaces it, on an action and on a class', async () => {
    expect(await statuses('/plain/open')).toEqual([200, 200, 200, 200]);
    expect(await statuses('/opened')).toEqual([200, 200, 200, 200]);
  });

  test('the audit shows where each requirement comes from', () => {
    const from = Object.fromEntries(
      oauth2
        .describe([Plain])
        .map(({ action, requirement, requirementFrom }) => [action, [requirement, requirementFrom]]),
    );
    expect(from).toEqual({
      nothing: ['IsAuthenticated', 'defaultRequirement'],
      throttled: ['IsAuthenticated', 'defaultRequirement'],
      scoped: ['IsAuthenticated, TokenHasScope(a)', 'defaultRequirement'],
      own: ['a', 'declarations'],
      anyPrincipal: ['any principal', 'declarations'],
      anybody: ['AllowAny', 'declarations'],
      open: ['', undefined],
      user: ['IsAuthenticated, IsAuthenticated', 'defaultRequirement'],
    });
  });
});

describe('a default that reads the required scopes', () => {
  test('is completed by @RequiredScopes', async () => {
    @RequiredScopes('music')
    @JsonController('/songs')
    class Songs {
      @Get()
      list() {
        return {};
      }
    }
    const { oauth2, issue } = await testOAuth2({ defaultRequirement: TokenHasReadWriteScope });
    const served = await serve(oauth2.createKoaServer({ controllers: [Songs] }));
    const get = async (scope: string) =>
      (await served.get('/songs', { headers: bearerHeader(await issue(scope)) })).status;
    expect([await get('music read'), await get('music'), await get('read')]).toEqual([200, 403, 403]);
    await served.close();
    await oauth2.close();
  });
});

describe('defaultRequirement', () => {
  const opened: OAuth2[] = [];
  const create = (options: Partial<OAuth2Options> = {}) => {
    const oauth2 = createOAuth2({ database: ':memory:', ...options });
    opened.push(oauth2);
    return oauth2;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((oauth2) => oauth2.close()));
  });

  test('left out, an action without a requirement makes start-up fail, and the message names the option', () => {
    expect(() => create().createKoaServer({ controllers: [Plain] })).toThrow(
      /Plain\.nothing \(GET \/plain\/nothing\): declares no requirement: .* or set the option defaultRequirement\./,
    );
  });

  test.each([
    ['neither a scope nor a permission', 5],
    ['a list of nothing', []],
    ['an empty alternative', [[]]],
  ])('is refused by name: %s', (_, defaultRequirement) => {
    expect(() => create({ defaultRequirement: defaultRequirement as never })).toThrow(/defaultRequirement/);
  });

  test('takes what @Authorized takes', () => {
    const oauth2 = create({ defaultRequirement: ['x', ['a'], ['b'], IsAuthenticated] });
    const [first] = oauth2.describe([Plain]);
    expect(first).toMatchObject({ requirement: 'x, a | b, IsAuthenticated', requirementFrom: 'defaultRequirement' });
  });

  test("is refused by audit where routing-controllers' own entry would not ask for it", () => {
    const oauth2 = create({ defaultRequirement: IsAuthenticated });
    const audit = () => oauth2.audit([Plain]);
    expect(audit).toThrow(
      /Plain\.nothing .*: has only the option defaultRequirement, which the entry of routing-controllers/,
    );
    // A decorator of this package on the method leads there.
    expect(audit).not.toThrow(/Plain\.throttled/);
  });

  test("holds in routing-controllers' own entry where a decorator of this package is", async () => {
    @Throttle({ name: 'few', rate: '1000/h' })
    @JsonController('/class')
    class OfClass {
      @Get()
      get() {
        return {};
      }
    }
    const { oauth2, issue } = await testOAuth2({ defaultRequirement: IsAuthenticated });
    opened.push(oauth2);
    const koa = useKoaServer(new Koa(), { ...oauth2.routingControllers(), controllers: [Plain, OfClass] });
    expect(() => oauth2.audit([OfClass])).not.toThrow();
    const served = await serve(koa);
    const get = async (path: string, user?: string) =>
      (await served.get(path, { headers: bearerHeader(await issue('a', user)) })).status;
    for (const path of ['/plain/throttled', '/class']) {
      expect([path, await get(path), await get(path, 'alice')]).toEqual([path, 403, 200]);
    }
    await served.close();
  });
});
