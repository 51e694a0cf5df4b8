import { describe, expect, test } from '@jest/globals';
import { allOf, anyOf, not } from '../../../src/resource-server/permissions/composition.js';
import { toPermissions } from '../../../src/resource-server/permissions/expression.js';
import { AllowAny, IsAuthenticated } from '../../../src/resource-server/permissions/is-authenticated.js';
import type { Permission } from '../../../src/resource-server/permissions/permission.js';
import { TokenHasScope } from '../../../src/resource-server/permissions/token-has-scope.js';
import { refuseUnknownScopes } from '../../../src/routing-controllers/known-scopes.js';
import { describePlan } from '../../../src/routing-controllers/plan-description.js';
import { planOf } from '../../support/guard/guard.js';

const KNOWN = new Set(['books:read', 'books:write', 'profile']);
const refuse = (permissions: readonly Permission[] | undefined, requiredScopes?: readonly string[]) =>
  refuseUnknownScopes(planOf(permissions, undefined, requiredScopes), KNOWN);

/** Code of the host that reads what `@RequiredScopes` says. */
class Reads extends TokenHasScope {
  override getScopes(): string[] {
    return [];
  }
}

describe('a scope that no option names is an error', () => {
  test.each<[string, readonly Permission[], string[] | undefined]>([
    ['alone', toPermissions('books:raed', ''), undefined],
    ['beside others', toPermissions(['profile', 'books:raed'], ''), undefined],
    ['in one of several alternatives', toPermissions([['profile'], ['books:raed']], ''), undefined],
    ['in allOf', [allOf('profile', 'books:raed')], undefined],
    ['in anyOf', [anyOf(IsAuthenticated, 'books:raed')], undefined],
    ['in not', [not('books:raed')], undefined],
    ['in what code of the host reads', [new Reads()], ['books', 'books:raed']],
  ])('%s', (_where, permissions, requiredScopes) => {
    expect(() => refuse(permissions, requiredScopes)).toThrow(
      /^requires the scope books:raed, which no option names; did you mean books:read\? Correct it, or describe it in the option scopes\.$/,
    );
  });

  test.each(['book', 'books:', 'ooks', 'read'])(
    'for code of the host too, unless it is the whole name of a resource: %s',
    (name) => {
      expect(() => refuse([new Reads()], [name])).toThrow(`requires the scope ${name}, `);
    },
  );

  test('and the error lists what is known where nothing is near', () => {
    expect(() => refuse(toPermissions('x', ''))).toThrow(
      'requires the scope x, which no option names; known are books:read, books:write, profile. Correct it, or describe it in the option scopes.',
    );
  });
});

describe('no error is', () => {
  test.each<[string, readonly Permission[] | undefined, string[] | undefined]>([
    ['a public action', undefined, undefined],
    ['a scope that an option names', toPermissions(['books:read', ['profile'], ['books:write']], ''), undefined],
    ['a permission without scopes', [new AllowAny(), new IsAuthenticated()], undefined],
    ['a resource whose scopes an option names, for code of the host', [new Reads()], ['books']],
    ['code of the host that reads scopes which an option names', [new Reads()], ['profile']],
    ['code of the host that reads none', [new Reads()], undefined],
    ['code of the host that names no scopes', [{ hasPermission: () => true }], undefined],
  ])('%s', (_what, permissions, requiredScopes) => {
    expect(() => refuse(permissions, requiredScopes)).not.toThrow();
  });
});

describe('what a plan requires, as data', () => {
  const verbOf = (verb: string) => {
    const plan = planOf(toPermissions('books:read', ''));
    return describePlan({ ...plan, action: { ...plan.action, verb } }).access.map(({ methods }) => methods);
  };

  test('is for HEAD as well as GET, and for the six methods of @All', () => {
    expect(verbOf('GET')).toEqual([['GET', 'HEAD']]);
    expect(verbOf('POST')).toEqual([['POST']]);
    expect(verbOf('ALL')).toEqual([['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']]);
  });

  test('is everybody, for a public action', () => {
    expect(describePlan(planOf(undefined))).toMatchObject({
      isPublic: true,
      access: [{ methods: ['GET', 'HEAD'], rule: { kind: 'everybody' } }],
      objectPermissions: [],
    });
  });

  test('names the classes that decide about entities, once each', () => {
    class Owner implements Permission {
      hasPermission(): boolean {
        return true;
      }
      hasObjectPermission(): boolean {
        return true;
      }
    }
    const { isPublic, objectPermissions } = describePlan(
      planOf([new Owner(), anyOf(Owner, IsAuthenticated), new AllowAny()]),
    );
    expect([isPublic, objectPermissions]).toEqual([false, ['Owner']]);
  });
});
