import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { Authorized, createKoaServer, Get, JsonController } from 'routing-controllers';
import {
  Access,
  AllowAny,
  type Authenticator,
  allOf,
  anyOf,
  bearer,
  InvalidTokenError,
  not,
  type OAuth2,
  type OAuth2Options,
  type Permission,
  type RequestAccess,
  session,
  Throttle,
  type UserStore,
} from '../../../src/public/index.js';
import { bearerHeader, type Served, serve } from '../../support/http.js';
import { testOAuth2 } from '../../support/routing-controllers/oauth2.js';

/** A promise of another library or realm, or a query builder: it has `then`, and is no instance of `Promise`. */
class Foreign<T> {
  constructor(private readonly start: () => T | Promise<T>) {}
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
  then<A, B>(fulfilled?: (value: T) => A, rejected?: (error: unknown) => B): Promise<T | A | B> {
    return Promise.resolve().then(this.start).then(fulfilled, rejected);
  }
}

function foreign<T>(start: () => T): Promise<T> {
  return new Foreign(start) as unknown as Promise<T>;
}

class Says implements Permission {
  constructor(
    private readonly answer: unknown,
    private readonly ofObject: { readonly answer: unknown } = { answer: true },
  ) {}
  hasPermission(): boolean {
    return this.answer as boolean;
  }
  hasObjectPermission(): boolean {
    return this.ofObject.answer as boolean;
  }
}

const laterNo = () => new Says(foreign(() => false));
const laterYes = () => new Says(foreign(() => true));

@JsonController('/foreign')
class Asked {
  @Authorized()
  @Get('/known')
  known(@Access() access: RequestAccess) {
    return { user: access.userId ?? null };
  }

  @Authorized(AllowAny)
  @Get('/anybody')
  anybody(@Access() access: RequestAccess) {
    return { user: access.userId ?? null };
  }

  @Authorized(laterYes())
  @Get('/yes')
  yes() {
    return {};
  }

  @Authorized(laterNo())
  @Get('/no')
  no() {
    return {};
  }

  @Authorized(allOf(AllowAny, laterNo()))
  @Get('/all-of-no')
  allOfNo() {
    return {};
  }

  @Authorized(allOf(laterYes(), laterYes()))
  @Get('/all-of-yes')
  allOfYes() {
    return {};
  }

  @Authorized(anyOf(laterNo(), laterYes()))
  @Get('/any-of-yes')
  anyOfYes() {
    return {};
  }

  @Authorized(not(laterNo()))
  @Get('/not-no')
  notNo() {
    return {};
  }

  @Authorized(not(laterYes()))
  @Get('/not-yes')
  notYes() {
    return {};
  }

  @Authorized(new Says(true, { answer: foreign(() => false) }))
  @Get('/object')
  async object(@Access() access: RequestAccess) {
    await access.checkObject({});
    return {};
  }

  @Authorized()
  @Throttle('later')
  @Get('/throttled')
  throttled() {
    return {};
  }
}

describe.each(['entry', 'checkers'])('a promise that is no Promise is waited for (%s)', (entry) => {
  const closing: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closing) await close();
  });

  async function start(options: Partial<OAuth2Options> = {}) {
    const made = await testOAuth2(options);
    const controllers = [Asked];
    const served = await serve(
      entry === 'entry'
        ? made.oauth2.createKoaServer({ controllers })
        : createKoaServer({ controllers, ...made.oauth2.routingControllers() }),
    );
    closing.push(async () => {
      await served.close();
      await made.oauth2.close();
    });
    return { ...made, served };
  }
  const policies = { throttling: { policies: { later: '5/h' } } } as const;

  describe('in a permission', () => {
    let served: Served;
    let headers: Record<string, string>;
    beforeAll(async () => {
      const made = await start(policies);
      served = made.served;
      headers = bearerHeader(await made.issue('x'));
    });

    test.each([
      ['yes', 200],
      ['no', 403],
      ['all-of-no', 403],
      ['all-of-yes', 200],
      ['any-of-yes', 200],
      ['not-no', 200],
      ['not-yes', 403],
      ['object', 403],
    ])('%s: %i', async (path, status) => {
      expect((await served.get(`/foreign/${path}`, { headers })).status).toBe(status);
    });
  });

  describe('of the user store', () => {
    const people = new Map([
      ['alice', { id: 'alice', disabled: false }],
      ['carol', { id: 'carol', disabled: true }],
    ]);
    const stores: [string, UserStore][] = [
      [
        'findById gives a query builder',
        {
          findById: (id) => foreign(() => people.get(id)),
          isActive: (user) => !(user as { disabled: boolean }).disabled,
        },
      ],
      [
        'isActive answers later',
        {
          findById: (id) => people.get(id),
          isActive: (user) => Promise.resolve(!(user as { disabled: boolean }).disabled) as unknown as boolean,
        },
      ],
    ];

    test.each(stores)('%s: a token of a user who is disabled or gone is refused', async (_name, users) => {
      const { served, issue } = await start({ ...policies, users });
      const ask = async (user: string) =>
        (await served.get('/foreign/known', { headers: bearerHeader(await issue('x', user)) })).status;
      expect(await ask('alice')).toBe(200);
      expect(await ask('carol')).toBe(401);
      expect(await ask('nobody')).toBe(401);
    });

    test.each(stores)('%s: a session of a user who is disabled or gone is refused', async (_name, users) => {
      const { served } = await start({
        ...policies,
        users,
        authenticators: [bearer(), session({ userId: (context) => context.get('X-User') || undefined })],
      });
      const ask = async (user: string) => (await served.get('/foreign/known', { headers: { 'x-user': user } })).status;
      expect(await ask('alice')).toBe(200);
      expect(await ask('carol')).toBe(401);
      expect(await ask('nobody')).toBe(401);
    });
  });

  test('of an authenticator: whom it knows is known, and whom it refuses is refused', async () => {
    const later: Authenticator = {
      authenticate: (context: Context) =>
        foreign(() => {
          const id = context.get('X-Key');
          if (id === '') return undefined;
          if (id === 'bad') throw new InvalidTokenError('No such key.');
          return { authType: 'key', principal: { kind: 'user', id, key: `user:${id}` } as const, userId: id };
        }),
    };
    for (const authenticators of [[later], [later, bearer()]]) {
      const { served } = await start({ ...policies, authenticators });
      const ask = (headers: Record<string, string>) => served.get('/foreign/anybody', { headers });
      expect(await (await ask({ 'x-key': 'dave' })).json()).toEqual({ user: 'dave' });
      expect((await ask({ 'x-key': 'bad' })).status).toBe(401);
      expect(await (await ask({})).json()).toEqual({ user: null });
    }
  });

  test('of the engine of the throttle', async () => {
    const { served, issue } = await start({
      throttling: {
        policies: { later: '5/h' },
        engine: {
          consume: (charges: readonly unknown[]) =>
            foreign(() => ({
              allowed: false,
              results: charges.map(() => ({ allowed: false, remaining: 0, resetMilliseconds: 5000 })),
            })),
          refund: () => undefined,
        } as never,
        failedAuthentication: null,
      },
    });
    const refused = await served.get('/foreign/throttled', { headers: bearerHeader(await issue('x')) });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
  });
});

test('what a permission answers is a yes only if it is true, also inside a composition and about an object', async () => {
  const allows = async (permission: Permission) => (await permission.hasPermission({} as never, {} as never)) === true;
  const allowsObject = async (permission: Permission) =>
    (await permission.hasObjectPermission?.({} as never, {} as never, {})) === true;
  for (const odd of [undefined, null, 1, 'yes', {}]) {
    expect([odd, await allows(allOf(new Says(odd)))]).toEqual([odd, false]);
    expect([odd, await allows(anyOf(new Says(odd)))]).toEqual([odd, false]);
    expect([odd, await allows(not(new Says(odd)))]).toEqual([odd, false]);
    expect([odd, await allowsObject(allOf(new Says(true, { answer: odd })))]).toEqual([odd, false]);
    expect([odd, await allowsObject(anyOf(new Says(true, { answer: odd })))]).toEqual([odd, false]);
    expect([odd, await allowsObject(not(new Says(true, { answer: odd })))]).toEqual([odd, false]);
  }
});

test('hasObjectPermission that forgets its answer refuses', async () => {
  class Forgets implements Permission {
    hasPermission(): boolean {
      return true;
    }
    hasObjectPermission(): boolean {
      return undefined as unknown as boolean;
    }
  }
  @JsonController('/forgets')
  class Forgetful {
    @Authorized(Forgets)
    @Get('/')
    async get(@Access() access: RequestAccess) {
      await access.checkObject({});
      return {};
    }
  }
  const { oauth2, issue }: { oauth2: OAuth2; issue: (scope: string) => Promise<string> } = await testOAuth2();
  const served = await serve(oauth2.createKoaServer({ controllers: [Forgetful] }));
  expect((await served.get('/forgets', { headers: bearerHeader(await issue('x')) })).status).toBe(403);
  await served.close();
  await oauth2.close();
});

test('a composition of nothing would let everybody in, so it is a mistake', () => {
  const parts: [Permission] = [] as never;
  expect(() => allOf(...parts)).toThrow(/allOf\(\.\.\.\) cannot be an empty list/);
  expect(() => anyOf(...parts)).toThrow(/anyOf\(\.\.\.\) cannot be an empty list/);
});
