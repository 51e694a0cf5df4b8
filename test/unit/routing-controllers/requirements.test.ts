import { describe, expect, test } from '@jest/globals';
import { CurrentUser, Authorized as PlainAuthorized } from 'routing-controllers';
import { IsAuthenticated } from '../../../src/resource-server/permissions/is-authenticated.js';
import type { Permission } from '../../../src/resource-server/permissions/permission.js';
import { RequiresScopes } from '../../../src/resource-server/permissions/requirement.js';
import { TokenHasScope } from '../../../src/resource-server/permissions/token-has-scope.js';
import type { ActionReference } from '../../../src/routing-controllers/action-reference.js';
import type { ClassOrMethodDecorator } from '../../../src/routing-controllers/declarations.js';
import { Authorized } from '../../../src/routing-controllers/decorators/authorized.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { RequiredScopes } from '../../../src/routing-controllers/decorators/required-scopes.js';
import { Throttle } from '../../../src/routing-controllers/decorators/throttle.js';
import { declaredRequirement } from '../../../src/routing-controllers/requirements.js';

class Owner implements Permission {
  hasPermission(): boolean {
    return true;
  }
}

/** Reads what `@RequiredScopes` says. */
class ReadsRequired extends TokenHasScope {}

type Decorators = readonly ClassOrMethodDecorator[];

/** What is declared on a class, on its method, and on the class and method that it extends. */
interface Declared {
  readonly ofClass?: Decorators;
  readonly ofMethod?: Decorators;
  readonly baseClass?: Decorators;
  readonly baseMethod?: Decorators;
}

function controllerOf({ ofClass = [], ofMethod, baseClass = [], baseMethod = [] }: Declared): Function {
  class Base {
    list() {}
  }
  class Books extends Base {}
  if (ofMethod !== undefined) Object.defineProperty(Books.prototype, 'list', { value: () => {}, configurable: true });
  for (const decorate of baseMethod) decorate(Base.prototype, 'list');
  for (const decorate of baseClass) decorate(Base);
  for (const decorate of ofMethod ?? []) decorate(Books.prototype, 'list');
  for (const decorate of ofClass) decorate(Books);
  return Books;
}

const action = (declared: Declared, more: Partial<ActionReference> = {}): ActionReference => ({
  ...{ controller: controllerOf(declared), method: 'list', verb: 'GET', path: '/books', needsUser: false },
  ...more,
});

const textOf = (permission: Permission) =>
  permission instanceof RequiresScopes ? permission.describe() : permission.constructor.name;

/** What an action requires: permissions, scopes, throttles, and how it came to that. */
function required(declared: Declared, more: Partial<ActionReference> = {}, byDefault?: readonly Permission[]) {
  const { permissions, ...rest } = declaredRequirement(action(declared, more), byDefault);
  return { ...rest, permissions: permissions.map(textOf) };
}

const GUARDED = { isPublic: false, requiredScopes: undefined, throttles: [], isInherited: false, isDefault: false };
const OPEN = { ...GUARDED, isPublic: true, permissions: [] };
const BY_DEFAULT = [new Owner()];

describe('an action without a requirement is an error', () => {
  const message = /^declares no requirement: add @Authorized\(\.\.\.\), @RequiredScopes\(\.\.\.\) or @Public\(\)/;

  test.each<[string, Declared]>([
    ['nothing is declared', {}],
    ['it is only throttled', { ofClass: [Throttle('a')], ofMethod: [Throttle('b')] }],
  ])('where %s', (_where, declared) => {
    expect(() => required(declared)).toThrow(message);
  });

  test('even if it needs a user', () => {
    expect(() => required({}, { needsUser: true })).toThrow(message);
  });
});

describe('a requirement is', () => {
  test.each<[string, Declared, readonly string[]]>([
    ['that of the method', { ofMethod: [Authorized('a')] }, ['a']],
    ['that of the class', { ofClass: [Authorized('a')] }, ['a']],
    ['that of an ancestor of the class', { baseClass: [Authorized('a')] }, ['a']],
    ['that of an inherited method', { baseMethod: [Authorized('a')] }, ['a']],
    [
      'that of all of them',
      {
        ...{ ofClass: [Authorized('a')], ofMethod: [Authorized('b')] },
        ...{ baseClass: [Authorized('c')], baseMethod: [Authorized('d')] },
      },
      ['a', 'c', 'b', 'd'],
    ],
    ['any principal for a bare @Authorized()', { ofMethod: [Authorized()] }, ['AnyPrincipal']],
    [
      'a scope and a permission alone, beside a bare @Authorized()',
      { ofClass: [Authorized()], ofMethod: [Authorized(['a', Owner])] },
      ['a', 'Owner'],
    ],
    ['not weakened by a bare @Authorized()', { ofClass: [Authorized()], ofMethod: [Authorized('a')] }, ['a']],
    [
      'any principal for a bare @Authorized() beside a permission that may let anonymous callers in',
      { ofClass: [Authorized()], ofMethod: [Authorized(Owner)] },
      ['Owner', 'AnyPrincipal'],
    ],
    [
      'a user alone, beside a bare @Authorized()',
      { baseClass: [Authorized()], ofMethod: [Authorized(IsAuthenticated)] },
      ['IsAuthenticated'],
    ],
    ['a scope alone, beside a bare @Authorized()', { ofClass: [Authorized(), RequiredScopes('a')] }, ['TokenHasScope']],
    ['asked once if it is repeated', { ofMethod: [Authorized('a')], baseMethod: [Authorized('a')] }, ['a']],
    ['asked once as a permission', { ofMethod: [Authorized(Owner)], baseMethod: [Authorized(Owner)] }, ['Owner']],
    [
      'asked as often as its alternatives stand somewhere',
      { ofMethod: [Authorized([['a'], ['b']])], baseMethod: [Authorized([['a'], ['b']])] },
      ['a | b', 'a | b'],
    ],
    ['what @RequiredScopes says', { ofMethod: [RequiredScopes('a')] }, ['TokenHasScope']],
    ['both of what two decorators say', { ofMethod: [RequiredScopes('x'), Authorized('a')] }, ['a', 'TokenHasScope']],
    [
      'once what a permission reads itself',
      { ofMethod: [RequiredScopes('x'), Authorized(ReadsRequired)] },
      ['ReadsRequired'],
    ],
  ])('%s', (_what, declared, permissions) => {
    expect(required(declared).permissions).toEqual(permissions);
  });

  test('a user as well, where a parameter needs one', () => {
    expect(required({ ofMethod: [Authorized('a')] }, { needsUser: true }).permissions).toEqual([
      'a',
      'IsAuthenticated',
    ]);
    expect(required({ ofMethod: [Authorized()] }, { needsUser: true }).permissions).toEqual(['IsAuthenticated']);
    expect(required({ ofMethod: [Public()] }, { needsUser: true })).toEqual({
      ...{ ...GUARDED, permissions: ['IsAuthenticated'] },
    });
  });

  test('all of the scopes that are required anywhere, once each', () => {
    const declared = {
      ...{ ofClass: [RequiredScopes('a', 'b')], ofMethod: [RequiredScopes('c')], baseMethod: [RequiredScopes('b')] },
    };
    expect(required(declared).requiredScopes).toEqual(['a', 'b', 'c']);
    expect(Object.isFrozen(required(declared).requiredScopes)).toBe(true);
  });

  test('an error where a scope is none', () => {
    expect(() => required({ ofMethod: [RequiredScopes('a"b')] })).toThrow(
      /@RequiredScopes on the method Books\.list cannot be "?a\\?"b"?/,
    );
    expect(() => required({ ofMethod: [Authorized(7 as never)] })).toThrow(/the method Books\.list/);
  });
});

describe('throttles', () => {
  const places = {
    ...{ ofClass: [Throttle('a')], ofMethod: [Throttle('b')], baseClass: [Throttle('c')], baseMethod: [Throttle('d')] },
  };

  test('add up, whether an action is guarded or public', () => {
    const ofMethod = (decorator: ClassOrMethodDecorator) => ({ ...places, ofMethod: [...places.ofMethod, decorator] });
    for (const decorator of [Public(), Authorized('x')]) {
      expect(required(ofMethod(decorator)).throttles).toEqual(['a', 'c', 'b', 'd']);
    }
  });
});

describe('@Public()', () => {
  test.each<[string, Declared]>([
    ['on the method', { ofMethod: [Public()] }],
    ['on the class', { ofClass: [Public()] }],
    ['on the method, whatever its class requires', { ofMethod: [Public()], ofClass: [Authorized('a')] }],
    [
      'on the method, whatever an ancestor of its class requires',
      { ofMethod: [Public()], baseClass: [Authorized('a')] },
    ],
    ['on the method of a public class', { ofMethod: [Public()], ofClass: [Public()] }],
  ])('%s opens an action', (_where, declared) => {
    expect(required(declared)).toEqual(OPEN);
  });

  test.each<[string, Declared]>([
    ['an inherited method', { baseMethod: [Public()] }],
    ['an inherited class', { baseClass: [Public()] }],
    ['an inherited method, whatever its own class requires', { baseMethod: [Public()], baseClass: [Authorized('a')] }],
  ])('on %s opens an action, but not where only the controller is looked at', (_where, declared) => {
    expect(required(declared)).toEqual({ ...OPEN, isInherited: true });
  });

  test.each<[string, Declared]>([
    ['a method of a public class', { ofClass: [Public()], ofMethod: [Authorized('a')] }],
    ['an inherited method of a public class', { ofClass: [Public()], baseMethod: [Authorized('a')] }],
    ['a class that inherits a public method', { ofClass: [Authorized('a')], baseMethod: [Public()] }],
    [
      'a class that inherits a public method from a public class',
      { ofClass: [Authorized('a')], baseMethod: [Public()] },
    ],
  ])('does not open %s that has a requirement', (_what, declared) => {
    expect(required(declared)).toMatchObject({ isPublic: false, permissions: ['a'] });
  });

  test.each<[string, Declared, string | RegExp]>([
    [
      'at one place',
      { ofMethod: [Public(), Authorized('a')] },
      'is both @Public() and guarded by declarations on the method Books.list; keep one of them.',
    ],
    [
      'on two classes',
      { ofClass: [Public()], baseClass: [Authorized('a')] },
      'is @Public() by the class Books and guarded by @Authorized(...) on the class Base, which contradict each other; keep one of them.',
    ],
    [
      'on two methods of one name',
      { ofMethod: [RequiredScopes('a')], baseMethod: [Public()] },
      'is @Public() by the method Base.list and guarded by @RequiredScopes(...) on the method Books.list, which contradict each other; keep one of them.',
    ],
  ])('and a requirement contradict each other %s', (_where, declared, message) => {
    expect(() => required(declared)).toThrow(message);
  });
});

describe('the option defaultRequirement', () => {
  test.each<[string, Declared]>([
    ['nothing is declared', {}],
    ['an action is only throttled', { ofMethod: [Throttle('a')] }],
  ])('stands where %s', (_where, declared) => {
    expect(required(declared, {}, BY_DEFAULT)).toMatchObject({
      isPublic: false,
      permissions: ['Owner'],
      isDefault: true,
    });
  });

  test('is completed by required scopes, and by a user where a parameter needs one', () => {
    const scoped = required({ ofMethod: [RequiredScopes('a')] }, { needsUser: true }, BY_DEFAULT);
    expect(scoped).toMatchObject({ isDefault: true, permissions: ['Owner', 'TokenHasScope', 'IsAuthenticated'] });
  });

  test.each<[string, Declared, readonly string[]]>([
    ['@Authorized on the method', { ofMethod: [Authorized('a')] }, ['a']],
    ['@Authorized on an ancestor', { baseClass: [Authorized()] }, ['AnyPrincipal']],
    ['@Public', { ofMethod: [Public()] }, []],
  ])('is replaced by %s', (_what, declared, permissions) => {
    expect(required(declared, {}, BY_DEFAULT)).toMatchObject({ isDefault: false, permissions });
  });

  test('does not guard a public action that needs a user with more than that', () => {
    const { isDefault, permissions } = required({ ofMethod: [Public()] }, { needsUser: true }, BY_DEFAULT);
    expect({ isDefault, permissions }).toEqual({ isDefault: false, permissions: ['IsAuthenticated'] });
  });
});

test('OPTIONS can only be public, since a preflight has no credentials', () => {
  const options = { verb: 'OPTIONS' };
  expect(() => required({ ofMethod: [Authorized('a')] }, options)).toThrow(/^guards OPTIONS/);
  expect(() => required({}, options, BY_DEFAULT)).toThrow(/^guards OPTIONS/);
  expect(required({ ofMethod: [Public()] }, options)).toEqual(OPEN);
});

test('a method that is named by a symbol is an error', () => {
  expect(() => required({ ofClass: [Public()] }, { method: Symbol('list') as never })).toThrow(/named by a symbol/);
});

describe('what routing-controllers ignores on an ancestor is noticed', () => {
  // Without a decorator of this package on the method, which would lead the checker to all of it.
  const plain = PlainAuthorized as (requirement?: unknown) => ClassOrMethodDecorator;

  test.each<[string, Declared, boolean]>([
    ['nothing is inherited', { ofMethod: [plain('a')], ofClass: [Throttle('t')] }, false],
    ['a requirement is inherited', { ofMethod: [plain('a')], baseClass: [plain('b')] }, true],
    [
      'a requirement is repeated beside alternatives',
      { ofMethod: [plain(['b', ['c']])], baseClass: [plain('b')] },
      false,
    ],
    [
      'other scopes are inherited',
      { ofMethod: [plain('a')], ofClass: [RequiredScopes('a')], baseClass: [RequiredScopes('b')] },
      true,
    ],
    [
      'scopes are repeated at a place that requires more',
      { ofClass: [RequiredScopes('a'), plain('x')], baseClass: [RequiredScopes('a')] },
      false,
    ],
    [
      'a requirement is repeated at a place that names scopes',
      { ofClass: [RequiredScopes('a'), plain('x')], baseClass: [plain('x')] },
      false,
    ],
    ['scopes are inherited', { ofMethod: [plain('a')], baseClass: [RequiredScopes('b')] }, true],
    ['a bare requirement is inherited beside another', { ofMethod: [plain('a')], baseClass: [plain()] }, false],
    ['a bare requirement is inherited beside a permission', { ofMethod: [plain(Owner)], baseClass: [plain()] }, true],
    [
      'a bare requirement is inherited beside a permission and a throttle',
      { ofMethod: [plain(Owner)], ofClass: [Throttle('t')], baseClass: [plain()] },
      true,
    ],
    [
      'a bare requirement is inherited beside a permission and a scope',
      { ofMethod: [plain(['a', Owner])], baseClass: [plain()] },
      false,
    ],
    ['a bare requirement is repeated', { ofMethod: [plain(Owner)], ofClass: [plain()], baseClass: [plain()] }, false],
    [
      'a bare requirement is inherited beside alternatives',
      { ofMethod: [plain([['a'], ['b']])], baseClass: [plain()] },
      false,
    ],
    ['a requirement is repeated', { ofMethod: [plain(['a', 'b'])], baseClass: [plain('b')] }, false],
    ['a requirement is repeated in part', { ofMethod: [plain('a')], baseClass: [plain(['a', 'b'])] }, true],
    ['alternatives are repeated', { ofMethod: [plain([['a'], ['b']])], baseClass: [plain([['a'], ['b']])] }, false],
    ['one alternative is repeated', { ofMethod: [plain([['a']])], baseClass: [plain([['a'], ['b']])] }, true],
    ['scopes are repeated as a requirement', { ofMethod: [plain('a')], baseClass: [RequiredScopes('a')] }, true],
    [
      'scopes are repeated',
      { ofMethod: [plain('a')], ofClass: [RequiredScopes('a')], baseClass: [RequiredScopes('a')] },
      false,
    ],
    ['a token of whatever scopes is inherited', { ofMethod: [plain(Owner)], baseClass: [RequiredScopes()] }, true],
    [
      'a token of whatever scopes is inherited beside a bare requirement',
      { ofMethod: [plain()], baseClass: [RequiredScopes()] },
      true,
    ],
    [
      'a token of whatever scopes is inherited beside some',
      { ofMethod: [plain()], ofClass: [RequiredScopes('a')], baseClass: [RequiredScopes()] },
      false,
    ],
    ['nothing required is seen', { baseClass: [plain()] }, true],
    ['a throttle is inherited', { ofMethod: [plain('a')], baseClass: [Throttle('t')] }, true],
    ['a throttle is repeated', { ofMethod: [plain('a')], ofClass: [Throttle('t')], baseClass: [Throttle('t')] }, false],
    [
      'a throttle is repeated in part',
      { ofMethod: [plain('a')], ofClass: [Throttle('t')], baseClass: [Throttle('t', 'u')] },
      true,
    ],
    ['a decorator of this package is on the method', { ofMethod: [Throttle('t')], baseClass: [plain('a')] }, false],
    ['an @Authorized of this package is on the method', { ofMethod: [Authorized()], baseClass: [plain('a')] }, false],
    ['a public class is inherited by a guarded method', { ofMethod: [plain('a')], baseClass: [Public()] }, false],
    ['a public class is repeated', { ofClass: [Public()], baseClass: [Public()] }, false],
    ['a public action inherits a throttle', { ofClass: [Public()], baseClass: [Throttle('t')] }, true],
  ])('where %s', (_where, declared, isInherited) => {
    expect(required(declared).isInherited).toBe(isInherited);
  });

  test('where the option defaultRequirement stands, a throttle may be repeated', () => {
    const inherits = (baseClass: Decorators) =>
      required({ ofClass: [Throttle('t')], baseClass }, {}, BY_DEFAULT).isInherited;
    expect([inherits([Throttle('t')]), inherits([Throttle('u')])]).toEqual([false, true]);
  });

  test.each<[string, Declared, boolean]>([
    ['a guarded class', { ofClass: [Authorized('a')] }, true],
    ['a public class', { ofClass: [Public()] }, true],
    ['a method without it', { ofMethod: [plain('a')] }, true],
    ['a method with a decorator of this package', { ofMethod: [Throttle('t')], ofClass: [plain('a')] }, false],
  ])('where a parameter of the method of an ancestor requires a user: %s', (_where, declared, isInherited) => {
    const controller = controllerOf(declared);
    CurrentUser({ required: true })(Object.getPrototypeOf(controller).prototype as object, 'list', 0);
    const asked = (needsUser: boolean) =>
      declaredRequirement({ controller, method: 'list', verb: 'GET', path: '/books', needsUser }, undefined);
    expect([asked(true).isInherited, asked(false).isInherited]).toEqual([isInherited, false]);
  });

  test('but not a user whom a parameter of the method itself requires', () => {
    const controller = controllerOf({ ofMethod: [plain('a')] });
    CurrentUser({ required: true })(controller.prototype as object, 'list', 0);
    const { isInherited } = declaredRequirement(
      { controller, method: 'list', verb: 'GET', path: '/books', needsUser: true },
      undefined,
    );
    expect(isInherited).toBe(false);
  });
});
