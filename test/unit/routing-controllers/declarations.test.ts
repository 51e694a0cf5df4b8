import { afterEach, describe, expect, test } from '@jest/globals';
import { Get, getMetadataArgsStorage, Header, Authorized as PlainAuthorized } from 'routing-controllers';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  classChain,
  DeclarationMark,
  decorated,
  isMarked,
  ownAuthorized,
  ownDeclarations,
} from '../../../src/routing-controllers/declarations.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';

afterEach(() => getMetadataArgsStorage().reset());

/** The values of what routing-controllers holds as `@Authorized` of a class or a method, with names for marks. */
function rolesOf(controller: Function, method: string | undefined): unknown[] {
  return getMetadataArgsStorage()
    .responseHandlers.filter((one) => one.type === 'authorized' && one.target === controller && one.method === method)
    .map(({ value }) =>
      [value]
        .flat()
        .map((role) =>
          role instanceof DeclarationMark
            ? `mark of ${role.controller.name} ${role.method}, joined: ${role.joined}`
            : role,
        ),
    );
}

describe('declarations', () => {
  test('of one place add up in the order of the source', () => {
    @RequiredScopes('a', ['b'])
    @RequiredScopes('c')
    class Books {
      @Throttle('first', { name: 'second', rate: '1/s' })
      @Throttle('third')
      @Public()
      list() {}
    }
    expect(ownDeclarations(Books, undefined)).toEqual({ requiredScopes: ['a', 'b', 'c'] });
    expect(ownDeclarations(Books, 'list')).toEqual({
      throttles: ['first', { name: 'second', rate: '1/s' }, 'third'],
      isPublic: true,
    });
  });

  test('are those of the place itself: not of its class, another method or an ancestor', () => {
    @Public()
    class Books {
      @RequiredScopes('a')
      list() {}
      other() {}
    }
    class Heir extends Books {}
    expect(ownDeclarations(Books, 'other')).toEqual({});
    expect(ownDeclarations(Heir, undefined)).toEqual({});
    expect(ownDeclarations(Heir, 'list')).toEqual({});
  });

  test('are led to by a decorator of this package on the method, which @Authorized of routing-controllers is none of', () => {
    class Books {
      @RequiredScopes()
      list() {}
      @Authorized('a')
      own() {}
      @PlainAuthorized('a')
      plain() {}
      other() {}
    }
    const marked = ['list', 'own', 'plain', 'other'].map((method) => isMarked(Books, method));
    expect(marked).toEqual([true, true, false, false]);
  });
});

describe('a decorator makes routing-controllers ask the checker', () => {
  test('with a mark among the roles, once for each place', () => {
    @RequiredScopes('a')
    @Throttle('user')
    class Books {
      @Throttle('user')
      @Public()
      list() {}
    }
    expect(rolesOf(Books, undefined)).toEqual([['mark of Books undefined, joined: false']]);
    expect(rolesOf(Books, 'list')).toEqual([['mark of Books list, joined: false']]);
  });

  test('and joins the @Authorized that is there, without a change of its roles', () => {
    class Books {
      @Throttle('user')
      @RequiredScopes('b')
      @PlainAuthorized(['a', ['x']])
      list() {}

      @RequiredScopes('b')
      @Header('X-Odd', 'yes')
      @PlainAuthorized('a')
      one() {}

      @RequiredScopes('b')
      @PlainAuthorized()
      bare() {}
    }
    expect(rolesOf(Books, 'list')).toEqual([['a', ['x'], 'mark of Books list, joined: true']]);
    expect(rolesOf(Books, 'one')).toEqual([['a', 'mark of Books one, joined: true']]);
    expect(rolesOf(Books, 'bare')).toEqual([['mark of Books bare, joined: true']]);
  });

  test('and takes no other decorator of the place for an @Authorized', () => {
    class Books {
      @RequiredScopes('b')
      @Header('X-Odd', 'yes')
      list() {}
    }
    expect(rolesOf(Books, 'list')).toEqual([['mark of Books list, joined: false']]);
  });
});

describe('the @Authorized of a place', () => {
  test('are read without the marks, in the order of the source', () => {
    class Books {
      @Throttle('user')
      @Get('/')
      @PlainAuthorized(['a', ['x'], ['y']])
      @PlainAuthorized('b')
      list() {}

      @PlainAuthorized()
      bare() {}
    }
    expect(ownAuthorized(Books, 'list')).toEqual([['a', ['x'], ['y']], ['b']]);
    expect(ownAuthorized(Books, 'bare')).toStrictEqual([[]]);
    expect(ownAuthorized(Books, undefined)).toEqual([]);
  });

  test('are not those that a decorator of this package made for its mark', () => {
    class Books {
      @RequiredScopes('a')
      @Header('X-Odd', 'yes')
      list() {}

      @Authorized('a')
      @RequiredScopes('b')
      above() {}

      @RequiredScopes('b')
      @Authorized('a')
      below() {}
    }
    expect(ownAuthorized(Books, 'list')).toEqual([]);
    expect(ownAuthorized(Books, 'above')).toEqual([['a']]);
    expect(ownAuthorized(Books, 'below')).toEqual([['a']]);
  });
});

describe('where a decorator stands', () => {
  class Books {
    static all() {}
    list() {}
  }

  test('is a class, or a method by its name', () => {
    expect(decorated(Books, undefined)).toEqual({ controller: Books, name: undefined });
    expect(decorated(Books.prototype, 'list')).toEqual({ controller: Books, name: 'list' });
  });

  test('cannot be a static method: no route leads to it', () => {
    expect(() => decorated(Books, 'all')).toThrow(
      new ConfigurationError(
        'Books.all: decorators of actions have no effect on a static method, because no route leads to it.',
      ),
    );
  });

  test('cannot be a method that a symbol names', () => {
    expect(() => decorated(Books.prototype, Symbol('list'))).toThrow(
      new ConfigurationError(
        'Books.Symbol(list): methods named by a symbol are not supported; name the method by a string.',
      ),
    );
  });
});

test('the chain of a class ends with its farthest ancestor, also if that is no class', () => {
  class Base {}
  class Books extends Base {}
  expect(classChain(Books)).toEqual([Books, Base]);
  const odd = Object.setPrototypeOf(class Odd {}, {}) as Function;
  expect(classChain(odd)).toEqual([odd]);
  expect(classChain(Object.setPrototypeOf(class Odd {}, null) as Function)).toHaveLength(1);
});
