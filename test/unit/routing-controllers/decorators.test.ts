import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Context } from 'koa';
import { type Action, getMetadataArgsStorage } from 'routing-controllers';
import { AuthenticationRequiredError, ConfigurationError } from '../../../src/core/errors.js';
import { userPrincipal } from '../../../src/core/principal.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';
import { needsUser } from '../../../src/routing-controllers/action-reference.js';
import { isMarked, ownAuthorized, ownDeclarations } from '../../../src/routing-controllers/declarations.js';
import { Access } from '../../../src/routing-controllers/decorators/access.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { CurrentToken } from '../../../src/routing-controllers/decorators/current-token.js';
import { CurrentUser } from '../../../src/routing-controllers/decorators/current-user.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { paramsMetadata } from '../../../src/routing-controllers/fast/metadata-index.js';
import { notedAction, STATE } from '../../../src/routing-controllers/request-state.js';
import { contextOf } from '../../support/guard/guard.js';
import { token } from '../../support/permissions/access.js';

/** What a decorator injects into the parameter of an action, for a request. */
function injected(decorator: ParameterDecorator, context: Context): unknown {
  class Books {
    list(_one: unknown) {}
  }
  decorator(Books.prototype, 'list', 0);
  const [param] = paramsMetadata.of(Books, 'list');
  const { transform } = param as unknown as { transform(action: Action): unknown };
  return transform({ request: context.request, response: context.response, context });
}

/** What the guard's completion of an error is called with. */
const refused: unknown[] = [];

function request(known: boolean, { later = false } = {}) {
  const context = contextOf('/books');
  const verified = token(['read']);
  const authentication = {
    ...{ authType: known ? 'oauth2' : 'session', principal: userPrincipal('alice'), userId: 'alice' },
    token: known ? verified : undefined,
  };
  const guard = {
    refused(_access: RequestAccess, plan: unknown, error: unknown) {
      refused.push(plan);
      return error as Error;
    },
  };
  const access = new RequestAccess(context, authentication, guard as never, 'the plan');
  Object.assign(context, { [STATE]: { guard, plan: 'the plan', access: later ? Promise.resolve(access) : access } });
  return { context, access, verified };
}

beforeEach(() => {
  refused.length = 0;
});

describe('@Access() injects', () => {
  test('the access of the request, and notes the object that its answer may be written by', () => {
    const { context, access } = request(true);
    expect(injected(Access(), context)).toBe(access);
    expect(notedAction(context)).toMatchObject({ context });
  });

  test('nothing where no guard has seen the request: that is a mistake, and no anonymous caller', () => {
    expect(() => injected(Access(), contextOf('/books'))).toThrow(ConfigurationError);
  });
});

describe('@CurrentToken() injects', () => {
  test('the token of the request, also if who it is from is known only later', async () => {
    const { context, verified } = request(true);
    expect(injected(CurrentToken(), context)).toBe(verified);
    expect(injected(CurrentToken({ required: true }), context)).toBe(verified);
    expect(notedAction(context)).toMatchObject({ context });
    const later = request(true, { later: true });
    expect(await injected(CurrentToken(), later.context)).toBe(later.verified);
    expect(refused).toEqual([]);
  });

  test('nothing for a session, unless a token is required: then that is refused as an action refuses', async () => {
    const { context } = request(false);
    expect(injected(CurrentToken(), context)).toBeUndefined();
    expect(injected(CurrentToken({ required: false }), context)).toBeUndefined();
    expect(() => injected(CurrentToken({ required: true }), context)).toThrow(
      new AuthenticationRequiredError('An access token is needed.'),
    );
    const later = request(false, { later: true });
    await expect(injected(CurrentToken({ required: true }), later.context)).rejects.toThrow(
      AuthenticationRequiredError,
    );
    expect(refused).toEqual(['the plan', 'the plan']);
  });
});

describe('@CurrentUser() is that of routing-controllers', () => {
  test('which a user is required of only on demand', () => {
    class Books {
      mine(@CurrentUser({ required: true }) _user: unknown) {}
      any(@CurrentUser() _user: unknown) {}
      optional(@CurrentUser({ required: false }) _user: unknown) {}
    }
    const methods = ['mine', 'any', 'optional'];
    expect(methods.map((method) => paramsMetadata.of(Books, method).map(({ type }) => type))).toEqual(
      methods.map(() => ['current-user']),
    );
    expect(methods.map((method) => needsUser(Books, method))).toEqual([true, false, false]);
  });
});

describe('@Authorized() is that of routing-controllers, with a mark that leads to all declarations', () => {
  test('on a class and on a method, bare or not', () => {
    @Authorized()
    class Books {
      @Authorized(['a', ['b']] as never)
      list() {}
    }
    expect(ownAuthorized(Books, undefined)).toStrictEqual([[]]);
    expect(ownAuthorized(Books, 'list')).toStrictEqual([['a', ['b']]]);
    expect(ownDeclarations(Books, 'list')).toEqual({});
    expect(isMarked(Books, 'list')).toBe(true);
    const own = getMetadataArgsStorage().responseHandlers.filter(({ target }) => target === Books);
    expect(own.map(({ type, method, value }) => [type, method, [value].flat().length])).toEqual([
      ['authorized', 'list', 3],
      ['authorized', undefined, 1],
    ]);
  });

  test('and keeps what is declared below it', () => {
    class Books {
      @Authorized('a')
      @RequiredScopes('b')
      @Throttle('user')
      list() {}
    }
    expect(ownDeclarations(Books, 'list')).toEqual({ requiredScopes: ['b'], throttles: ['user'] });
  });

  test('and leaves nothing behind where no action can be', () => {
    class Books {
      static list() {}
      list() {}
    }
    expect(() => Authorized('a')(Books, 'list')).toThrow(ConfigurationError);
    expect(getMetadataArgsStorage().responseHandlers.filter(({ target }) => target === Books)).toEqual([]);
  });
});
