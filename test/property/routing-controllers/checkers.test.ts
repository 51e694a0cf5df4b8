import 'reflect-metadata';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Context } from 'koa';
import {
  All,
  CurrentUser,
  Get,
  getMetadataArgsStorage,
  Header,
  JsonController,
  Authorized as PlainAuthorized,
} from 'routing-controllers';
import { InvalidTokenError, type OAuth2Error } from '../../../src/core/errors.js';
import { userPrincipal } from '../../../src/core/principal.js';
import type { Authenticator } from '../../../src/resource-server/authentication/authenticator.js';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import {
  AllowAny,
  IsAuthenticated,
  TokenHasReadWriteScope,
  TokenHasScope,
} from '../../../src/resource-server/permissions/index.js';
import { actionName } from '../../../src/routing-controllers/action-reference.js';
import { auditActions } from '../../../src/routing-controllers/audit.js';
import { checkers } from '../../../src/routing-controllers/checkers.js';
import type { ClassOrMethodDecorator } from '../../../src/routing-controllers/declarations.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import type { ActionPlan } from '../../../src/routing-controllers/plan.js';
import { type RecordedAction, recordedActions } from '../../../src/routing-controllers/recorder.js';
import { createThrottle } from '../../../src/throttling/index.js';
import { contextOf, guardOf } from '../../support/guard/guard.js';
import { token } from '../../support/permissions/access.js';
import { compilerOf } from '../../support/permissions/plans.js';
import { VirtualClock } from '../../support/throttling/virtual-clock.js';

/** A request says by itself whose token it has, and for which scopes; or that it has a session. */
const believing: Authenticator = {
  reads: ['Authorization'],
  challenge: (realm) => `Bearer realm="${realm}"`,
  authenticate({ headers: { authorization } }) {
    if (authorization === undefined) return undefined;
    const [who, ...scopes] = authorization.split(' ');
    if (who === 'bad') throw new InvalidTokenError('Not good.');
    if (who === 'session') {
      return { authType: 'session', principal: userPrincipal('alice'), userId: 'alice', user: { id: 'alice' } };
    }
    if (who === 'user') {
      const verified = token(scopes);
      const user = { userId: 'alice', user: { id: 'alice' } };
      return { authType: 'oauth2', principal: verified.principal, token: verified, ...user };
    }
    const verified = token(scopes, { clientId: 'demo' });
    return { authType: 'oauth2', principal: verified.principal, token: verified };
  },
};

const SCOPES = ['a', 'b', 'c', 'd'];
const SUBSETS = [...Array(16).keys()].map((bits) => SCOPES.filter((_, index) => (bits >> index) % 2 === 1).join(' '));
const CALLERS = [
  undefined,
  'bad',
  'session',
  'client',
  'client a b c d',
  ...SUBSETS.map((scopes) => `user ${scopes}`.trim()),
];

/** Lists that several `@Authorized` share, alone and together, as constants of an application are shared. */
const newLists = () => [['a'], ['b'], ['c'], ['b', 'c'], ['a', 'd']];
type Lists = ReturnType<typeof newLists>;

const shared = fc.nat({ max: newLists().length - 1 }).map((index) => (lists: Lists) => lists[index]);
const part: fc.Arbitrary<(lists: Lists) => unknown> = fc.oneof(
  shared,
  fc
    .constantFrom<unknown>('a', 'b', 'a c', ['a'], ['b', 'c'], IsAuthenticated, AllowAny, TokenHasScope)
    .map((one) => () => (Array.isArray(one) ? [...one] : one)),
);
const listed = (one: typeof part) =>
  fc.array(one, { minLength: 1, maxLength: 3 }).map((parts) => (lists: Lists) => parts.map((each) => each(lists)));
const MISTAKES = [null, false, '', 5, [], [[]], ['a', undefined]];
const roles: fc.Arbitrary<(lists: Lists) => unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(() => undefined) },
  { weight: 4, arbitrary: part },
  { weight: 5, arbitrary: listed(part) },
  { weight: 5, arbitrary: listed(shared) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(...MISTAKES).map((one) => () => one) },
);

type Decorating = (lists: Lists) => ClassOrMethodDecorator;
const decorator: fc.Arbitrary<Decorating> = fc.oneof(
  {
    weight: 6,
    arbitrary: roles.map((made) => (lists: Lists) => PlainAuthorized(made(lists)) as ClassOrMethodDecorator),
  },
  { weight: 3, arbitrary: roles.map((made) => (lists: Lists) => Authorized(made(lists) as never)) },
  { weight: 3, arbitrary: fc.subarray(['a', 'b', 'd'] as never[]).map((scopes) => () => RequiredScopes(...scopes)) },
  { weight: 2, arbitrary: fc.constant(() => Public()) },
  { weight: 2, arbitrary: fc.constantFrom('one', 'two').map((policy) => () => Throttle(policy)) },
);
const decorators = fc.oneof(
  { weight: 6, arbitrary: fc.array(decorator, { maxLength: 1 }) },
  { weight: 4, arbitrary: fc.array(decorator, { minLength: 2, maxLength: 3 }) },
);
const methods = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('m', 'n', 'o'),
    decorators,
    route: fc.constantFrom(Get, Get, All, undefined),
    header: fc.boolean(),
    user: fc.constantFrom(undefined, undefined, { required: false }, { required: true }),
  }),
  { minLength: 1, maxLength: 3, selector: ({ name }) => name },
);
/** The last class is a controller; each extends the one before it, or nothing. */
const classes = fc.array(fc.record({ isController: fc.boolean(), isHeir: fc.boolean(), decorators, methods }), {
  minLength: 1,
  maxLength: 3,
});
type Declared = typeof classes extends fc.Arbitrary<infer Value> ? Value : never;

function controllersOf(declared: Declared): Function[] {
  const lists = newLists();
  let Parent: new () => object = Object;
  return declared.flatMap(({ isController, isHeir, decorators: ofClass, methods: own }, index) => {
    const One = isHeir ? class extends Parent {} : class {};
    Object.defineProperty(One, 'name', { value: `Class${index}` });
    for (const { name, decorators: ofMethod, route, header, user } of own) {
      const { prototype } = One;
      Object.defineProperty(prototype, name, { value: () => ({}), configurable: true });
      if (user !== undefined) CurrentUser(user)(prototype, name, 0);
      if (header) Header('X-Kind', name)(prototype, name);
      route?.(`/${name}`)(prototype, name);
      for (const each of ofMethod) each(lists)(prototype, name);
    }
    for (const each of ofClass) each(lists)(One);
    Parent = One;
    if (!isController && index < declared.length - 1) return [];
    JsonController(`/${index}`)(One);
    return [One];
  });
}

/** What a request met: it was let in, or the status of the refusal; and the policies that counted it. */
type Met = readonly [status: number, policies: unknown];
const LET_IN = 200;

function asked(caller: string | undefined, enter: (context: Context) => unknown): Met {
  const context = contextOf('/books', caller === undefined ? {} : { authorization: caller });
  try {
    const met = enter(context);
    return [met === undefined || met === true ? LET_IN : 403, context.res.getHeader('RateLimit-Policy')];
  } catch (error) {
    return [(error as OAuth2Error).status, undefined];
  }
}

function entries(declared: Declared, byDefault: unknown) {
  getMetadataArgsStorage().reset();
  const controllers = controllersOf(declared);
  const { guard } = guardOf({ authenticators: [believing] });
  const compiler = compilerOf({
    throttle: createThrottle({ policies: { one: '1000/h', two: '1000/d' } }, { clock: new VirtualClock() }),
    defaultRequirement: byDefault === undefined ? undefined : readDefaultRequirement('defaultRequirement', byDefault),
  });
  const { authorizationChecker } = checkers(guard, compiler);
  let problems = '';
  try {
    auditActions(controllers, compiler, {});
  } catch (error) {
    problems = (error as Error).message;
  }
  const own = (plan: ActionPlan) => (context: Context) => guard.enter(context, plan);
  const theirs = (metadata: RecordedAction['metadata']) => (context: Context) => {
    const { request, response } = context;
    return !metadata.isAuthorizedUsed || authorizationChecker({ request, response, context }, metadata.authorizedRoles);
  };
  const actions = recordedActions(controllers).map(({ action, metadata }) => ({
    isAudited: !problems.includes(actionName(action)),
    compiled: compiler.compile(action),
    // routing-controllers refuses a request without a user itself, where the parameter is on the method of the controller.
    needsUser: metadata.params.some(({ type, required }) => type === 'current-user' && required === true),
    metadata,
  }));
  return { actions, own, theirs };
}

const defaults = fc.constantFrom<unknown>(
  undefined,
  'c',
  [['a'], ['d']],
  IsAuthenticated,
  AllowAny,
  TokenHasReadWriteScope,
);

test('whom the entry of routing-controllers lets in, this package would let in as well, and count; or the audit refuses the action', () => {
  let compared = 0;
  fc.assert(
    fc.property(classes, defaults, (declared, byDefault) => {
      const { actions, own, theirs } = entries(declared, byDefault);
      for (const { compiled, metadata, needsUser } of actions.filter(({ isAudited }) => isAudited)) {
        expect(compiled.problem).toBeUndefined();
        for (const caller of CALLERS) {
          const met = asked(caller, theirs(metadata));
          if (met[0] !== LET_IN || (needsUser && (caller === undefined || !/^(user|session)/.test(caller)))) continue;
          compared += 1;
          expect({ caller, met: asked(caller, own(compiled.plan as ActionPlan)) }).toEqual({ caller, met });
        }
      }
    }),
    { numRuns: 600 },
  );
  expect(compared).toBeGreaterThan(1000);
});
