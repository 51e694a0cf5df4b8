import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Middleware } from 'koa';
import { HttpError, NotFoundError } from 'routing-controllers';
import { KnownRefusal } from '../../../src/core/errors/known-refusal.js';
import {
  AccessDeniedError,
  InvalidRequestError,
  InvalidTokenError,
  ServerError,
  TemporarilyUnavailableError,
} from '../../../src/core/errors.js';
import { type Authenticator, DECIDE } from '../../../src/resource-server/authentication/authenticator.js';
import { AllowAny } from '../../../src/resource-server/permissions/is-authenticated.js';
import type { GuardedAction, Permission } from '../../../src/resource-server/permissions/permission.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import type { ServedAction } from '../../../src/routing-controllers/guard.js';
import { accessOf } from '../../../src/routing-controllers/request-state.js';
import type { CompiledThrottle, ThrottleOutcome } from '../../../src/throttling/index.js';
import { contextOf, guardOf, planOf } from '../../support/guard/guard.js';

const asUser = (id: string) => ({
  ...{ authType: 'key', userId: id },
  principal: { kind: 'user', id, key: `user:${id}` } as const,
});

/** Says who it is to whoever asks. */
const byName = (id: string): Authenticator => ({ authenticate: () => asUser(id) });

/** Notes who asks, and lets nobody in. */
class Never implements Permission {
  readonly asked: RequestAccess[] = [];
  hasPermission(access: RequestAccess): boolean {
    this.asked.push(access);
    return false;
  }
}

const ALLOWED: ThrottleOutcome = { allowed: true, retryAfterSeconds: 0, fields: {}, unavailable: false };

const throttleOf = (outcome: ThrottleOutcome): CompiledThrottle => ({
  ...{ policies: [], unlimited: false },
  decide: () => outcome,
});

/** What the guard does with an action: what ran, and what was refused. */
function servedOf(plan: ServedAction['plan']) {
  const done: string[] = [];
  const served: ServedAction = {
    plan,
    parseBody: (_context, next) => {
      done.push('body');
      return next();
    },
    refuse: (_context, thrown) => {
      done.push(`refused: ${thrown instanceof KnownRefusal ? thrown.error.code : (thrown as Error).message}`);
    },
  };
  return { served, done, run: () => done.push('action') };
}

describe('while it is not known that the database is migrated', () => {
  test('a request that is let through so far is guarded as any other', async () => {
    const { guard } = guardOf({ schema: { isGood: false, admit: () => Promise.resolve() } });
    const { served, done, run } = servedOf(planOf([new Never()]));
    await guard.serve(contextOf(), served, run);
    expect(done).toEqual(['refused: authentication_required']);
  });

  test('a request is refused before anybody is asked who it is', async () => {
    const unavailable = new TemporarilyUnavailableError({});
    let asked = 0;
    const counting: Authenticator = {
      authenticate: () => {
        asked += 1;
        return undefined;
      },
    };
    const { guard } = guardOf({
      authenticators: [counting],
      schema: { isGood: false, admit: () => Promise.reject(unavailable) },
    });
    await expect(guard.enter(contextOf(), planOf([new AllowAny()]))).rejects.toBe(unavailable);
    expect(asked).toBe(0);
  });
});

describe('a guarded action', () => {
  test('does not run for OPTIONS, even if a router passes such a request', () => {
    const { guard } = guardOf();
    const { served, done, run } = servedOf(planOf([new AllowAny()]));
    const context = contextOf('/books', {}, 'OPTIONS');
    guard.serve(context, served, run);
    expect([context.status, done]).toEqual([204, []]);
  });

  test('that is public runs for OPTIONS', () => {
    const { guard } = guardOf();
    const { served, done, run } = servedOf(planOf(undefined));
    guard.serve(contextOf('/books', {}, 'OPTIONS'), served, run);
    expect(done).toEqual(['action']);
  });

  test.each(['/books?q=%', '/books?q=%z0', '/books?q=%4', '/books?%C3%A9=%4z', '/%41?q=%zz'])(
    'refuses a query with a broken percent-escape: %s',
    (url) => {
      const { guard } = guardOf();
      const refused = new InvalidRequestError('The query holds a broken percent-escape.');
      expect(() => guard.enter(contextOf(url), planOf([new AllowAny()]))).toThrow(refused);
    },
  );

  test.each(['/books?q=%C3%A9', '/books/%', '/books/%zz', '/100%?q=1', '/books?q=1%41'])(
    'leaves all else in a URL to who reads it: %s',
    (url) => {
      const { guard } = guardOf();
      expect(guard.enter(contextOf(url), planOf([new AllowAny()]))).toBeUndefined();
    },
  );
});

describe('a layer of a router', () => {
  const layers = (action: Middleware | undefined) => {
    const order: string[] = [];
    const startOnce: Middleware = (_context, next) => {
      order.push('once');
      return next();
    };
    const { served } = servedOf(planOf([new AllowAny()]));
    const layer = guardOf().guard.layer(served, startOnce, action && ((context, next) => action(context, next)));
    const next = async () => void order.push('next');
    return { order, run: () => layer(contextOf() as never, next) };
  };

  test('goes on with the next one', async () => {
    const { order, run } = layers(undefined);
    await run();
    expect(order).toEqual(['once', 'next']);
  });

  test('contains the action, if nothing comes between', async () => {
    const { order, run } = layers(async (_context, next) => {
      order.push('action');
      await next();
    });
    await run();
    expect(order).toEqual(['once', 'action', 'next']);
  });

  test('runs nothing if the route of another action has been started', async () => {
    const { served, done } = servedOf(planOf([new AllowAny()]));
    const layer = guardOf().guard.layer(served, () => undefined as never, undefined);
    await layer(contextOf() as never, async () => void done.push('next'));
    expect(done).toEqual([]);
  });
});

describe('authenticators', () => {
  test.each<[string, Authenticator['authenticate']]>([
    ['undefined', () => undefined],
    ['null', () => null as never],
    ['a promise of undefined', () => Promise.resolve(undefined)],
    ['a promise of null', () => Promise.resolve(null as never)],
  ])('are asked one after the other while they answer %s', async (_what, authenticate) => {
    const never = new Never();
    const { guard } = guardOf({ authenticators: [{ authenticate }, { authenticate }, byName('alice'), byName('bob')] });
    await guard.enter(contextOf(), planOf([never]));
    expect(never.asked.map(({ userId }) => userId)).toEqual(['alice']);
  });

  test('that know the caller end the search, and a refusal is final', async () => {
    class Refusing {
      authenticate(): undefined {
        return undefined;
      }
      [DECIDE](): KnownRefusal {
        return new KnownRefusal(() => new InvalidTokenError());
      }
    }
    const one = servedOf(planOf([new AllowAny()]));
    const { guard } = guardOf({ authenticators: [new Refusing(), byName('alice')] });
    await guard.serve(contextOf(), one.served, one.run);
    expect(one.done).toEqual(['refused: invalid_token']);
  });

  test.each<[string, Authenticator['authenticate']]>([
    [
      'throws',
      () => {
        throw new InvalidTokenError('No.');
      },
    ],
    ['rejects', () => Promise.reject(new InvalidTokenError('No.'))],
  ])('of which one %s refuse the request', async (_how, authenticate) => {
    const one = servedOf(planOf([new AllowAny()]));
    await guardOf({ authenticators: [{ authenticate }, byName('alice')] }).guard.serve(
      contextOf(),
      one.served,
      one.run,
    );
    expect(one.done).toEqual(['refused: No.']);
  });

  test('are named in Vary by the fields that they read, as far as they were asked', async () => {
    const reading = (...reads: string[]): Authenticator => ({ reads, authenticate: () => undefined });
    const authenticators = [reading('A', 'B'), reading('C'), byName('alice'), reading('D')];
    for (const [before, vary] of [
      [undefined, 'A, B, C'],
      ['Origin', 'Origin, A, B, C'],
    ] as const) {
      const context = contextOf();
      if (before !== undefined) context.res.setHeader('Vary', before);
      await guardOf({ authenticators }).guard.enter(context, planOf([new AllowAny()]));
      expect(context.res.getHeader('Vary')).toBe(vary);
    }
  });

  test('that read no field of the request are not named in Vary', () => {
    const { guard } = guardOf({ authenticators: [byName('alice')] });
    const context = contextOf();
    guard.enter(context, planOf([new AllowAny()]));
    expect(context.res.hasHeader('Vary')).toBe(false);
  });

  test('that need the parsed body get it before they are asked, and only where they say so', () => {
    const reader = (needsBody: boolean): Authenticator => ({ ...byName('alice'), needsBody: () => needsBody });
    for (const [authenticators, done] of [
      [
        [byName('bob'), reader(true)],
        ['body', 'action'],
      ],
      [
        [reader(true), reader(false)],
        ['body', 'action'],
      ],
      [[byName('bob'), reader(false)], ['action']],
      [[byName('bob')], ['action']],
    ] as const) {
      const one = servedOf(planOf([new AllowAny()]));
      guardOf({ authenticators }).guard.serve(contextOf(), one.served, one.run);
      expect(one.done).toEqual(done);
    }
  });
});

describe('a public action', () => {
  const bad = (error: unknown): Authenticator[] => [
    {
      authenticate: () => {
        throw error;
      },
    },
    {
      authenticate: () => Promise.reject(error),
    },
  ];

  test.each([
    ['an invalid token', new InvalidTokenError()],
    ['402', new HttpError(402)],
    ['499', new HttpError(499)],
  ])('takes whoever has bad credentials for nobody: %s', async (_what, error) => {
    for (const authenticator of bad(error)) {
      const { guard } = guardOf({ authenticators: [authenticator] });
      const { isAuthenticated } = await guard.identify(contextOf(), planOf(undefined));
      expect(isAuthenticated).toBe(false);
    }
  });

  test.each([
    ['500', new HttpError(500)],
    ['an error of the server', new ServerError(new Error('Away.'))],
    ['a fault', new Error('A fault.')],
  ])('does not take a caller for nobody because of what is no refusal: %s', async (_what, error) => {
    for (const authenticator of bad(error)) {
      const { guard, lines } = guardOf({ authenticators: [authenticator] });
      const context = contextOf();
      const identified = async () => guard.identify(context, planOf(undefined));
      await expect(identified()).rejects.toMatchObject({ httpCode: 500 });
      expect(lines).toHaveLength(1);
    }
  });

  test('lets every entity pass that was found', async () => {
    const { guard } = guardOf();
    const plan = planOf(undefined);
    const access = await guard.identify(contextOf(), plan);
    await expect(guard.checkObject(access, plan, { title: 'Emma' })).resolves.toBeUndefined();
  });

  test('without a throttle asks nobody who it is, until a parameter does', async () => {
    let asked = 0;
    const counting: Authenticator = {
      authenticate: () => {
        asked += 1;
        return asUser('alice');
      },
    };
    const { guard } = guardOf({ authenticators: [counting] });
    const context = contextOf();
    guard.enter(context, planOf(undefined));
    expect(asked).toBe(0);
    expect((await accessOf(context)).userId).toBe('alice');
    expect((await accessOf(context)).userId).toBe('alice');
    expect(asked).toBe(1);
  });
});

describe('an entity', () => {
  class Owners implements Permission {
    hasPermission(): boolean {
      return true;
    }
    hasObjectPermission(access: RequestAccess, _action: GuardedAction, { owner }: { owner: string }): boolean {
      if (owner === 'nobody') throw new Error('SELECT owner FROM books');
      return owner === access.userId;
    }
  }

  async function checking(object: unknown) {
    const parts = guardOf({ authenticators: [byName('alice')] });
    const context = contextOf();
    const plan = planOf([new Owners()]);
    await parts.guard.enter(context, plan);
    return { ...parts, checked: (await accessOf(context)).checkObject(object) };
  }

  test('is for whom the permissions of its action say', async () => {
    await expect((await checking({ owner: 'alice' })).checked).resolves.toBeUndefined();
    const { checked, observation } = await checking({ owner: 'bob' });
    await expect(checked).rejects.toMatchObject({ code: 'access_denied' });
    expect(observation.statistics.access).toMatchObject({ granted: 1, object_permission: 1, permission: 0 });
  });

  test.each([undefined, null])('must have been found: %s is 404, and no refusal', async (object) => {
    const { checked, observation } = await checking(object);
    await expect(checked).rejects.toBeInstanceOf(NotFoundError);
    expect(observation.statistics.access).toMatchObject({ granted: 1, object_permission: 0, http_error: 0, fault: 0 });
  });

  test('is for nobody if a permission fails, of which the response reveals nothing', async () => {
    const { checked, lines } = await checking({ owner: 'nobody' });
    await expect(checked).rejects.toMatchObject({
      code: 'server_error',
      message: expect.not.stringContaining('SELECT'),
    });
    expect(lines).toEqual([expect.stringContaining('SELECT owner FROM books')]);
  });
});

test('an error that an action throws about its caller is a refusal of that action', async () => {
  const { guard, observation } = guardOf({ authenticators: [byName('alice')] });
  const context = contextOf();
  await guard.enter(context, planOf([new AllowAny()]));
  const error = (await accessOf(context)).refused(new AccessDeniedError());
  expect(error).toBeInstanceOf(AccessDeniedError);
  expect(observation.statistics.access).toMatchObject({ permission: 1, object_permission: 0 });
  expect(context.res.getHeader('Cache-Control')).toBe('no-store');
});

describe('a request that may pass', () => {
  test('is counted, once, as what it is', async () => {
    const { guard, observation } = guardOf();
    await guard.enter(contextOf(), planOf([new AllowAny()]));
    await guard.enter(contextOf(), planOf([new AllowAny()], throttleOf(ALLOWED)));
    await guard.enter(contextOf(), planOf(undefined));
    await guard.enter(contextOf(), planOf(undefined, throttleOf(ALLOWED)));
    expect(observation.statistics.access).toMatchObject({ granted: 2, public: 2 });
  });

  test('tells permissions the address of its caller and the time', async () => {
    const never = new Never();
    const clock = { nowMilliseconds: () => 5_000, monotonicMilliseconds: () => 0 };
    await guardOf({ clock }).guard.enter(contextOf(), planOf([never]));
    const [access] = never.asked;
    expect([access?.address(), access?.nowMilliseconds()]).toEqual(['ip:192.0.2.1', 5_000]);
  });

  test('is not counted if it is refused', async () => {
    const { guard, observation } = guardOf();
    await guard.enter(contextOf(), planOf([new Never()]));
    const refusing = throttleOf({ ...ALLOWED, allowed: false });
    await guard.enter(contextOf(), planOf([new AllowAny()], refusing));
    await guard.enter(contextOf(), planOf(undefined, refusing));
    expect(observation.statistics.access).toMatchObject({ granted: 0, public: 0 });
  });
});

describe('a throttle', () => {
  test('of a public action knows the caller, whom nobody is asked for again', async () => {
    let asked = 0;
    const authenticate = async () => {
      asked += 1;
      return asUser('alice');
    };
    const { guard } = guardOf({ authenticators: [{ authenticate }] });
    const context = contextOf();
    const seen: (string | undefined)[] = [];
    const decide: CompiledThrottle['decide'] = ({ userId }) => {
      seen.push(userId);
      return ALLOWED;
    };
    const plan = planOf(undefined, { ...throttleOf(ALLOWED), decide });
    const entered = guard.enter(context, plan);
    const meanwhile = accessOf(context);
    await entered;
    expect([(await meanwhile).userId, asked, seen]).toEqual(['alice', 1, ['alice']]);
    expect(accessOf(context)).toBe(await meanwhile);
  });

  test.each([[[new AllowAny()]], [undefined]])('that refuses keeps the action from running', async (permissions) => {
    for (const decide of [() => ({ ...ALLOWED, allowed: false }), async () => ({ ...ALLOWED, allowed: false })]) {
      const one = servedOf(planOf(permissions, { ...throttleOf(ALLOWED), decide }));
      await guardOf().guard.serve(contextOf(), one.served, one.run);
      expect(one.done).toEqual(['refused: throttled']);
    }
  });

  test('that refuses says when to try again', async () => {
    const { guard } = guardOf();
    const refusal = await guard.enter(
      contextOf(),
      planOf([new AllowAny()], throttleOf({ ...ALLOWED, allowed: false, retryAfterSeconds: 7 })),
    );
    expect((refusal as KnownRefusal).error).toMatchObject({ status: 429, details: { retryAfterSeconds: 7 } });
  });

  test('whose store is away refuses with 503, and says when to try again', async () => {
    const { guard } = guardOf();
    const outcome = { ...ALLOWED, allowed: false, unavailable: true, retryAfterSeconds: 3 };
    const refusal = await guard.enter(contextOf(), planOf([new AllowAny()], throttleOf(outcome)));
    expect(refusal).toMatchObject({ code: 'temporarily_unavailable', details: { retryAfterSeconds: 3 } });
  });

  test('has its fields in the response, whatever it says', async () => {
    for (const allowed of [true, false]) {
      const context = contextOf();
      const outcome = { ...ALLOWED, allowed, retryAfterSeconds: 1, fields: { RateLimit: '"a";r=0;t=1' } };
      await guardOf().guard.enter(context, planOf([new AllowAny()], throttleOf(outcome)));
      expect(context.res.getHeader('RateLimit')).toBe('"a";r=0;t=1');
    }
  });

  test('that counts every request waits for no answer', async () => {
    const context = contextOf();
    await guardOf().guard.enter(context, planOf([new AllowAny()], throttleOf(ALLOWED)));
    expect(context.res.listenerCount('finish')).toBe(0);
  });

  test('that counts by the answer learns its status', async () => {
    const statuses: number[] = [];
    const context = contextOf();
    const outcome = { ...ALLOWED, settle: (status: number) => void statuses.push(status) };
    await guardOf().guard.enter(context, planOf([new AllowAny()], throttleOf(outcome)));
    const { res } = context;
    res.assignSocket(new PassThrough() as never);
    res.statusCode = 201;
    res.end();
    await once(res, 'finish');
    expect(statuses).toEqual([201]);
  });
});

describe('the body of a request', () => {
  test.each([
    ['GET', {}, ['action']],
    ['HEAD', {}, ['action']],
    ['GET', { 'content-length': '2' }, ['body', 'action']],
    ['GET', { 'transfer-encoding': 'chunked' }, ['body', 'action']],
    ['POST', {}, ['body', 'action']],
    ['DELETE', {}, ['body', 'action']],
  ])('is parsed where there may be one: %s with %j', (method, headers, done) => {
    const one = servedOf(planOf([new AllowAny()]));
    const context = contextOf('/books', headers, method);
    guardOf().guard.serve(context, one.served, one.run);
    expect(one.done).toEqual(done);
    expect((context.request as { body?: unknown }).body).toEqual(done.includes('body') ? undefined : {});
  });

  test('that was parsed before stays', () => {
    const one = servedOf(planOf([new AllowAny()]));
    const context = contextOf();
    Object.assign(context.request, { body: { parsed: 'before' } });
    guardOf().guard.serve(context, one.served, one.run);
    expect(context.request).toHaveProperty('body', { parsed: 'before' });
  });
});
