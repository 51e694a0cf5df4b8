import 'reflect-metadata';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import {
  type Action,
  Authorized,
  CurrentUser,
  Get,
  getMetadataArgsStorage,
  Header,
  JsonController,
  OnUndefined,
} from 'routing-controllers';
import { AuthenticationRequiredError, InvalidTokenError, type OAuth2Error } from '../../../src/core/errors.js';
import type { AccessRefusedEvent } from '../../../src/core/events/event-map.js';
import { userPrincipal } from '../../../src/core/principal.js';
import type { Authenticator } from '../../../src/resource-server/authentication/authenticator.js';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import {
  AllowAny,
  IsAuthenticated,
  type Permission,
  TokenHasReadWriteScope,
} from '../../../src/resource-server/permissions/index.js';
import { checkers } from '../../../src/routing-controllers/checkers.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { recordedActions } from '../../../src/routing-controllers/recorder.js';
import { contextOf, guardOf } from '../../support/guard/guard.js';
import { token } from '../../support/permissions/access.js';
import { compilerOf } from '../../support/permissions/plans.js';

/** A request says by itself which scopes its token has: `a b`; `later` tells it later; `bad` is no token. */
const believing: Authenticator = {
  reads: ['Authorization'],
  challenge: (realm) => `Bearer realm="${realm}"`,
  authenticate(context) {
    const { authorization } = context.headers;
    if (authorization === undefined) return undefined;
    if (authorization === 'bad') throw new InvalidTokenError('Not good.');
    const verified = token(authorization.split(' '));
    const authentication = {
      ...{ authType: 'oauth2', principal: userPrincipal('alice'), userId: 'alice' },
      ...{ user: { id: 'alice' }, token: verified },
    };
    if (!authorization.startsWith('later')) return authentication;
    return authorization === 'later bad'
      ? Promise.reject(new InvalidTokenError('Not good.'))
      : Promise.resolve(authentication);
  },
};

/** The roles that routing-controllers passes to the checker for an action; `undefined` if it does not call the checker. */
function rolesOf(controller: Function, method: string): unknown[] | undefined {
  const found = recordedActions([controller]).find(({ action }) => action.method === method);
  return found?.metadata.isAuthorizedUsed === true ? found.metadata.authorizedRoles : undefined;
}

function actionOf(context: Context): Action {
  return { request: context.request, response: context.response, context };
}

function application(defaultRequirement?: unknown, knownScopes?: ReadonlySet<string>) {
  const made = guardOf({ authenticators: [believing] });
  const compiler = compilerOf({
    knownScopes,
    defaultRequirement:
      defaultRequirement === undefined ? undefined : readDefaultRequirement('defaultRequirement', defaultRequirement),
  });
  const own = checkers(made.guard, compiler);
  const contextFor = (scopes: string | undefined, method = 'GET') =>
    contextOf('/books', scopes === undefined ? {} : { authorization: scopes }, method);
  /** What the checker answers to a request with these scopes: `true`, or the status of the refusal. */
  function ask(roles: readonly unknown[] | undefined, scopes?: string): unknown {
    if (roles === undefined) return 'unguarded';
    try {
      return own.authorizationChecker(actionOf(contextFor(scopes)), [...roles]);
    } catch (error) {
      return (error as OAuth2Error).status;
    }
  }
  const answers = (controller: Function, method: string, ...asked: (string | undefined)[]) =>
    asked.map((scopes) => ask(rolesOf(controller, method), scopes));
  const told: AccessRefusedEvent[] = [];
  made.observation.events.on('access.refused', (event) => told.push(event));
  /** The refusals so far, which are told once the current work is done. */
  const events = async () => {
    await new Promise(setImmediate);
    return told;
  };
  return { ...made, ...own, contextFor, ask, answers, events };
}

beforeEach(() => getMetadataArgsStorage().reset());

describe('of roles without a mark', () => {
  test('those of the class and of the method are required, scopes and permissions alike', () => {
    @Authorized(['shelf', IsAuthenticated])
    @JsonController('/books')
    class Books {
      @Authorized('a b')
      @Get('/both')
      both() {}

      @Get('/class')
      ofClass() {}
    }
    const { answers } = application();
    expect(answers(Books, 'both', undefined, 'a b', 'shelf a', 'shelf a b')).toEqual([401, 403, 403, true]);
    expect(answers(Books, 'ofClass', undefined, 'a b', 'shelf')).toEqual([401, 403, true]);
  });

  test('none is a bare @Authorized(), which needs any principal', () => {
    class Books {
      @Authorized()
      @Get('/')
      list() {}
    }
    JsonController('/books')(Books);
    expect(application().answers(Books, 'list', undefined, 'x')).toEqual([401, true]);
    expect(application('a').answers(Books, 'list', undefined, 'x')).toEqual([401, true]);
  });

  test('a bare @Authorized() of the class or of the method needs a principal, whatever the permissions of the other say', () => {
    @Authorized()
    @JsonController('/class')
    class OfClass {
      @Authorized(AllowAny)
      @Get('/')
      list() {}
    }
    const anybody = new AllowAny();
    @Authorized(anybody)
    @JsonController('/method')
    class OfMethod {
      @Authorized()
      @Get('/')
      list() {}
    }
    @Authorized()
    @Throttle('user')
    @JsonController('/marked')
    class Marked {
      @Authorized(anybody)
      @Get('/')
      list() {}
    }
    class Others {
      @Authorized(new AllowAny())
      @Get('/other')
      other() {}

      @Authorized([anybody, 'a'])
      @Get('/scope')
      scope() {}
    }
    JsonController('/others')(Others);
    @Authorized(new AllowAny())
    @Throttle('user')
    @JsonController('/not-bare')
    class NotBare {
      @Get('/')
      list() {}
    }
    const { answers } = application();
    for (const controller of [OfClass, OfMethod, Marked]) {
      expect(answers(controller, 'list', undefined, 'x')).toEqual([401, true]);
    }
    expect(answers(Others, 'other', undefined)).toEqual([true]);
    expect(answers(NotBare, 'list', undefined)).toEqual([true]);
    expect(answers(Others, 'scope', undefined, 'a')).toEqual([401, true]);
  });

  test('alternatives of the class and of the method are both required, though they come in one list', () => {
    @Authorized(['s', ['p'], ['q']])
    @JsonController('/books')
    class Books {
      @Authorized([['r'], ['q', 't']])
      @Header('X-Kind', 'book')
      @Get('/both')
      both() {}

      @Authorized('t')
      @Get('/scope')
      scope() {}

      @Get('/class')
      ofClass() {}
    }
    const { answers } = application();
    expect(answers(Books, 'both', 's p', 's r', 's p r', 's q t', 'q t')).toEqual([403, 403, true, true, 403]);
    expect(answers(Books, 'scope', 's p', 's t', 's q t')).toEqual([403, 403, true]);
    expect(answers(Books, 'ofClass', 'p', 's', 's q')).toEqual([403, 403, true]);
  });

  test('alternatives of a class are one list where no method declares anything', () => {
    @Authorized([['p'], ['q']])
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}
    }
    expect(application().answers(Books, 'list', 'p', 'q', 'x')).toEqual([true, true, 403]);
  });

  test('alternatives that another action lists together are not taken for its own', () => {
    const [read, write, admin] = [['read'], ['write'], ['admin']];
    @JsonController('/all')
    class All {
      @Authorized([read, write, admin])
      @Get('/')
      get() {}
    }
    @Authorized([read, admin])
    @JsonController('/books')
    class Books {
      @Authorized([write, admin])
      @Get('/')
      write() {}

      @Authorized([read, write, admin])
      @Get('/any')
      any() {}
    }
    const { answers } = application();
    expect(answers(All, 'get', 'read', 'write', 'admin', 'x')).toEqual([true, true, true, 403]);
    expect(answers(Books, 'write', 'read', 'write', 'read write', 'admin')).toEqual([403, 403, true, true]);
    expect(answers(Books, 'any', 'read', 'write', 'admin')).toEqual([true, 403, true]);
  });

  test('alternatives that may be those of several actions are what all of these require', () => {
    const [a, b, c] = [['a'], ['b'], ['c']];
    @Authorized([a, b])
    @JsonController('/one')
    class One {
      @Authorized([c])
      @Get('/')
      get() {}
    }
    @Authorized([a])
    @JsonController('/other')
    class Other {
      @Authorized([b, c])
      @Get('/')
      get() {}
    }
    const { answers } = application();
    for (const controller of [One, Other]) {
      expect(answers(controller, 'get', 'a', 'b c', 'a b', 'a c')).toEqual([403, 403, 403, true]);
    }
  });

  test('alternatives that no action lists are not known to be of one list, so each is required', () => {
    const { ask } = application();
    const roles = ['s', ['a'], ['b']];
    @Authorized([roles[1] as string[], ['c']])
    @JsonController('/books')
    class Others {
      @Authorized([roles[1] as string[]])
      @Get('/one')
      one() {}

      @Authorized('x')
      @Get('/')
      none() {}
    }
    class Plain {
      @Authorized('a')
      @Get('/')
      list() {}
    }
    expect([rolesOf(Others, 'none'), Plain]).toEqual([[['a'], ['c'], 'x'], Plain]);
    expect([ask(roles, 's a'), ask(roles, 's b'), ask(roles, 'a b'), ask(roles, 's a b')]).toEqual([
      403,
      403,
      403,
      true,
    ]);
    expect([ask([['a']], 'a'), ask([['a']], 'b')]).toEqual([true, 403]);
  });

  test('one that is neither a scope nor a permission is a mistake, and nobody passes', () => {
    class Books {
      @Authorized(['a', undefined])
      @Get('/')
      list() {}

      @Authorized(['a', null])
      @Get('/null')
      none() {}
    }
    JsonController('/books')(Books);
    const { answers, lines } = application();
    expect([...answers(Books, 'list', 'a'), ...answers(Books, 'none', 'a')]).toEqual([500, 500]);
    expect(lines[0]).toMatch(/@Authorized\(\.\.\.\) cannot be undefined/);
  });
});

describe('of a class with a decorator of this package', () => {
  test('@RequiredScopes are required beside what class and method declare, in either order', () => {
    @RequiredScopes('shelf')
    @Authorized(['a', ['p'], ['q']])
    @JsonController('/below')
    class Below {
      @Get('/')
      list() {}

      @Authorized(['b', ['q'], ['r']])
      @Get('/method')
      method() {}
    }
    @Authorized(['a', ['p'], ['q']])
    @RequiredScopes('shelf')
    @JsonController('/above')
    class Above {
      @Get('/')
      list() {}

      @Authorized(['b', ['q'], ['r']])
      @Get('/method')
      method() {}
    }
    const { answers } = application();
    for (const controller of [Below, Above]) {
      expect(answers(controller, 'list', 'shelf', 'a p', 'shelf a', 'shelf p', 'shelf a q')).toEqual([
        ...[403, 403, 403, 403, true],
      ]);
      expect(
        answers(controller, 'method', 'shelf a p', 'shelf a b p', 'shelf a b r', 'a b q', 'shelf a b q', 'shelf b q'),
      ).toEqual([403, 403, 403, 403, true, 403]);
    }
  });

  test('@RequiredScopes alone are enough, and a bare @Authorized() changes nothing', () => {
    @RequiredScopes('shelf')
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}
    }
    @Authorized()
    @RequiredScopes('shelf')
    @JsonController('/bare')
    class Bare {
      @Get('/')
      list() {}
    }
    const { answers } = application();
    for (const controller of [Books, Bare]) {
      expect(answers(controller, 'list', undefined, 'a', 'shelf')).toEqual([401, 403, true]);
    }
  });

  test('a mistake in its @RequiredScopes is named, and nobody passes', () => {
    @RequiredScopes('shelf', 5 as never)
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}
    }
    const { answers, lines } = application();
    expect(answers(Books, 'list', 'shelf')).toEqual([500]);
    expect(lines[0]).toMatch(/@RequiredScopes cannot be 5/);
  });

  test('a scope that no option names is a mistake, for whichever method of requests it is', () => {
    class Books {
      @Authorized(TokenHasReadWriteScope)
      @Get('/')
      list() {}
    }
    JsonController('/books')(Books);
    const answerOf = (...known: string[]) => application(undefined, new Set(known)).answers(Books, 'list', 'read');
    expect([answerOf('read', 'write'), answerOf('read'), answerOf('write')]).toEqual([[true], [500], [500]]);
  });

  test('a public class is open, except for a method that requires something', () => {
    @Public()
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}

      @Authorized('a')
      @OnUndefined(undefined as never)
      @Get('/closed')
      closed() {}
    }
    const { answers } = application('by-default');
    expect(answers(Books, 'list', undefined, 'bad', 'x')).toEqual([true, true, true]);
    expect(answers(Books, 'closed', undefined, 'bad', 'x', 'a')).toEqual([401, 401, 403, true]);
  });

  test('a public class with a bare @Authorized() on one method needs a principal on all: their requests look alike', () => {
    @Public()
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}

      @Authorized()
      @Get('/closed')
      closed() {}
    }
    const { answers } = application('by-default');
    expect(answers(Books, 'list', undefined, 'x')).toEqual([401, true]);
    expect(answers(Books, 'closed', undefined, 'x')).toEqual([401, true]);
  });

  test('a public class that requires something as well is not open', () => {
    const requiring: [Function, (string | undefined)[]][] = [
      [Authorized(), [undefined]],
      [Authorized('a'), [undefined, 'x']],
      [RequiredScopes('a'), [undefined, 'x']],
    ];
    for (const [decorator, refused] of requiring) {
      for (const order of ['above', 'below']) {
        class Books {
          list() {}
        }
        Get('/')(Books.prototype, 'list');
        const decorators = [Public(), decorator];
        for (const one of order === 'above' ? decorators : decorators.reverse()) one(Books);
        JsonController('/books')(Books);
        const { answers } = application('by-default');
        for (const answer of answers(Books, 'list', ...refused)) expect(answer).toBeGreaterThanOrEqual(401);
        expect(answers(Books, 'list', 'a')).toEqual([true]);
      }
    }
  });

  test('actions of a class that is only throttled have the default, and the throttle', () => {
    const throttled = () => {
      @Throttle({ name: 'few', rate: '2/h' })
      @JsonController('/books')
      class Books {
        @Get('/')
        list() {}

        @Authorized('a')
        @Get('/own')
        own() {}

        @Authorized(AllowAny)
        @Get('/anybody')
        anybody() {}
      }
      return Books;
    };
    const { answers } = application('by-default');
    const Books = throttled();
    expect(answers(Books, 'list', undefined, 'a', 'by-default')).toEqual([401, 403, true]);
    expect(answers(Books, 'own', 'by-default', 'a')).toEqual([403, true]);
    expect(answers(Books, 'own', 'a')).toEqual([429]);
    expect(application().answers(throttled(), 'list', undefined, 'x')).toEqual([401, true]);
    expect(application(AllowAny).answers(throttled(), 'list', undefined, 'x')).toEqual([true, true]);
    expect(application('by-default').answers(throttled(), 'anybody', undefined)).toEqual([true]);
  });

  test('the default holds beside a principal, where a method has a bare @Authorized(): their requests look alike', () => {
    @Throttle('user')
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}

      @Authorized()
      @Get('/closed')
      closed() {}

      @Authorized(AllowAny)
      @Get('/anybody')
      anybody() {}
    }
    expect(application('by-default').answers(Books, 'anybody', undefined)).toEqual([true]);
    for (const method of ['list', 'closed']) {
      expect(application('by-default').answers(Books, method, undefined, 'x', 'by-default')).toEqual([401, 403, true]);
      expect(application(AllowAny).answers(Books, method, undefined, 'x')).toEqual([401, true]);
    }
  });

  test('the default is not for a class that declares an @Authorized, be it bare and above', () => {
    @Authorized()
    @Throttle('user')
    @JsonController('/books')
    class Books {
      @Get('/')
      list() {}
    }
    expect(application('by-default').answers(Books, 'list', undefined, 'x')).toEqual([401, true]);
  });
});

describe('a decorator of this package on the method leads to all declarations', () => {
  test('of its class and of itself, and a required user', () => {
    @Authorized([['p'], ['q']])
    @RequiredScopes('shelf')
    @JsonController('/books')
    class Books {
      @Authorized([['r'], ['q']])
      @RequiredScopes('a')
      @Get('/')
      list() {}

      @Throttle('user')
      @Get('/mine')
      mine(@CurrentUser({ required: true }) _user: unknown) {}
    }
    const { answers } = application();
    expect(answers(Books, 'list', 'shelf a p', 'shelf a r', 'a q', 'shelf q', 'shelf a q')).toEqual([
      ...[403, 403, 403, 403, true],
    ]);
    expect(answers(Books, 'mine', 'shelf', 'shelf p')).toEqual([403, true]);
  });

  test('also of a method that overrides one with a route, and of what it overrides', async () => {
    class Base {
      @Authorized('base')
      @Get('/list')
      list() {}
    }
    class Heir extends Base {
      @RequiredScopes('own')
      override list() {}
    }
    JsonController('/heir')(Heir);
    const { answers, events } = application();
    expect(answers(Heir, 'list', 'base', 'own', 'base own')).toEqual([403, 403, true]);
    expect((await events())[0]?.action).toEqual({ controller: 'Heir', method: 'list', verb: 'ALL', path: '' });
  });

  test('so that events name it, with its verb and its route if it has one', async () => {
    class Books {
      @RequiredScopes('a')
      @Get('/list')
      list() {}

      @RequiredScopes('a')
      @Get('/one')
      @Get('/two')
      twice() {}
    }
    JsonController('/books')(Books);
    const { answers, events } = application();
    answers(Books, 'list', 'x');
    answers(Books, 'twice', 'x');
    const named = { controller: 'Books', method: 'list' };
    expect((await events()).map(({ action }) => action)).toEqual([
      { ...named, verb: 'GET', path: '/list' },
      { ...named, method: 'twice', verb: 'ALL', path: '/two' },
    ]);
  });
});

test('without such a decorator, events name the action by the route of the request', async () => {
  @Authorized('a')
  @Throttle('user')
  @JsonController('/books')
  class Books {
    @Get('/list')
    list() {}
  }
  const { authorizationChecker, contextFor, events, ask } = application();
  const roles = rolesOf(Books, 'list') as unknown[];
  const context = Object.assign(contextFor('x'), { routerPath: '/books/list' });
  expect(() => authorizationChecker(actionOf(context), roles)).toThrow();
  expect(ask(roles, 'x')).toBe(403);
  expect((await events()).map(({ action }) => action)).toEqual([
    { controller: 'Books', method: 'list', verb: 'GET', path: '/books/list' },
    { controller: '', method: '', verb: 'GET', path: '' },
  ]);
});

describe('the checker', () => {
  test('reads the declarations of an action once', () => {
    let validated = 0;
    class Counting implements Permission {
      validate() {
        validated += 1;
      }
      hasPermission() {
        return true;
      }
    }
    class Books {
      @Authorized(Counting)
      @Get('/')
      list() {}
    }
    JsonController('/books')(Books);
    const { authorizationChecker, contextFor } = application();
    const roles = rolesOf(Books, 'list') as unknown[];
    for (let request = 0; request < 3; request += 1) {
      expect(authorizationChecker(actionOf(contextFor('x')), roles)).toBe(true);
    }
    expect(validated).toBe(1);
  });

  test('answers later what is known later', async () => {
    const { ask } = application();
    expect(await (ask(['later'], 'later') as Promise<boolean>)).toBe(true);
    await expect(ask(['a'], 'later') as Promise<boolean>).rejects.toMatchObject({ status: 403 });
    await expect(ask(['a'], 'later bad') as Promise<boolean>).rejects.toMatchObject({ status: 401 });
  });

  test('counts a refusal, and sets its fields on the response before it throws', async () => {
    const { authorizationChecker, contextFor, observation } = application();
    const asked = [undefined, 'bad', 'x', 'later', 'later bad'];
    for (const scopes of asked) {
      const context = contextFor(scopes);
      const ask = async () => authorizationChecker(actionOf(context), ['a']);
      await expect(ask()).rejects.toThrow();
      expect([scopes, context.response.get('WWW-Authenticate')]).toEqual([scopes, expect.stringMatching(/^Bearer /)]);
    }
    expect(observation.statistics.access).toMatchObject({ no_credentials: 1, invalid_token: 2, insufficient_scope: 2 });
  });

  test('refuses everybody where declarations cannot be read, and the refusal is told under no action', async () => {
    const { ask, events, lines } = application();
    expect([ask([5], 'a'), ask([5])]).toEqual([500, 500]);
    expect((await events())[0]).toMatchObject({
      ...{ reason: 'fault', status: 500, userId: undefined },
      action: { controller: '', method: '', verb: 'GET', path: '' },
    });
    expect(lines[0]).toMatch(/it is neither a scope nor a permission/);
  });
});

describe('OPTIONS of a guarded action', () => {
  function preflight() {
    const { authorizationChecker, contextFor } = application();
    const context = contextFor(undefined, 'OPTIONS');
    const answer = authorizationChecker(actionOf(context), ['a']) as Promise<boolean>;
    return { context, answer };
  }

  test('is answered with 204, and ends there: routing-controllers hears neither that it may pass nor that it may not', async () => {
    const { context, answer } = preflight();
    expect(context.status).toBe(204);
    const heard: unknown[] = [];
    const end = answer.then((allowed) => heard.push(allowed)).catch((error: unknown) => heard.push(error));
    expect(await end).toBeUndefined();
    expect(heard).toEqual([]);
  });

  test('is not allowed for a checker of the host that awaits the answer', async () => {
    expect(await preflight().answer).toBe(false);
  });

  test('reaches the action if that is public', () => {
    @Public()
    @JsonController('/books')
    class Books {
      @OnUndefined(204)
      @Get('/')
      list() {}
    }
    const { authorizationChecker, contextFor } = application();
    const roles = rolesOf(Books, 'list') as unknown[];
    expect(authorizationChecker(actionOf(contextFor(undefined, 'OPTIONS')), roles)).toBe(true);
  });
});

describe('the Vary of the guard', () => {
  /** The `Vary` of a response whose action sets one of its own after the checker let it pass. */
  function varyAfter(): unknown {
    const { authorizationChecker, contextFor } = application();
    const context = contextFor('a');
    expect(authorizationChecker(actionOf(context), ['a'])).toBe(true);
    expect(context.res.getHeader('Vary')).toBe('Authorization');
    context.set('Vary', 'Accept');
    context.res.writeHead(200);
    return context.res.getHeader('Vary');
  }

  test('stays beside one that an action declares', () => {
    class Books {
      @Header('Vary', 'Accept')
      list() {}
    }
    expect([Books, varyAfter()]).toEqual([Books, 'Accept, Authorization']);
  });

  test('is not looked after where no action declares one', () => {
    expect(varyAfter()).toBe('Accept');
  });
});

describe('the checker of the current user', () => {
  test('gives the user that the guard found', () => {
    const { authorizationChecker, currentUserChecker, contextFor } = application();
    const action = actionOf(contextFor('a'));
    authorizationChecker(action, ['a']);
    action.context.headers.authorization = 'bad';
    expect(currentUserChecker(action)).toEqual({ id: 'alice' });
  });

  test('identifies the caller of an action that nothing guards; one who is not known is nobody', async () => {
    const { currentUserChecker, contextFor } = application();
    expect(currentUserChecker(actionOf(contextFor('a')))).toEqual({ id: 'alice' });
    expect(await currentUserChecker(actionOf(contextFor('later')))).toEqual({ id: 'alice' });
    expect(currentUserChecker(actionOf(contextFor('bad')))).toBeUndefined();
    expect(currentUserChecker(actionOf(contextFor(undefined)))).toBeUndefined();
  });

  test('does not make such an action a guarded one', () => {
    const { currentUserChecker, authorizationChecker, contextFor } = application();
    const action = actionOf(contextFor('x'));
    currentUserChecker(action);
    expect(() => authorizationChecker(action, ['a'])).toThrow();
    expect(() => authorizationChecker(actionOf(contextFor(undefined)), [])).toThrow(AuthenticationRequiredError);
  });
});
