import { describe, expect, test } from '@jest/globals';
import {
  type AccessAlternative,
  accessAlternatives,
} from '../../../src/resource-server/permissions/access-alternatives.js';
import { toPermissions } from '../../../src/resource-server/permissions/expression.js';
import {
  AllowAny,
  allOf,
  anyOf,
  authenticationContext,
  type GuardedAction,
  IsAuthenticated,
  IsAuthenticatedOrTokenHasScope,
  not,
  type Permission,
  TokenHasReadWriteScope,
  TokenHasResourceScope,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/resource-server/permissions/index.js';
import { AnyPrincipal } from '../../../src/resource-server/permissions/is-authenticated.js';
import { Requirement } from '../../../src/resource-server/permissions/requirement.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import { describePlan } from '../../../src/routing-controllers/plan-description.js';
import { action, anonymous, withClientToken, withSession, withToken } from '../../support/permissions/access.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const SCOPES = ['a', 'b', 'read', 'write', 'a:read', 'a:write'];
const SETS = Array.from({ length: 2 ** SCOPES.length }, (_, bits) => SCOPES.filter((_scope, at) => (bits >> at) & 1));

class OnlyA extends TokenHasScope {
  override readonly requiredScopes = ['a'];
}

class AlsoTenant extends TokenHasScope {
  override getScopes(access: RequestAccess, of: GuardedAction): string[] {
    return [...super.getScopes(access, of), `tenant:${String(access.query.tenant)}`];
  }
}

class Owner implements Permission {
  hasPermission({ isAuthenticated }: RequestAccess): boolean {
    return isAuthenticated;
  }

  hasObjectPermission(): boolean {
    return true;
  }
}

class PatientUser extends IsAuthenticated {
  override hasPermission(): boolean {
    return false;
  }
}

function requirement(value: unknown, of = action(['a'], 'ALL')): Requirement {
  return new Requirement(of, toPermissions(value, 'here'));
}

function guardAllows(of: Requirement, access: RequestAccess): boolean {
  return of.refusal(access) === undefined;
}

/** Reads the alternatives without anything of the code that made them. */
function allows(alternatives: readonly AccessAlternative[], { token, principal, scopes }: RequestAccess): boolean {
  return alternatives.some((one) => {
    if (one.further.length > 0) throw new Error('not expressible');
    if (one.user && principal.kind !== 'user') return false;
    if (one.credentials === 'token' && token === undefined) return false;
    if (one.credentials === 'noToken' && (token !== undefined || principal.kind === 'anonymous')) return false;
    if (one.credentials === 'any' && principal.kind === 'anonymous') return false;
    return one.scopes.every((scope) => scopes.includes(scope));
  });
}

describe('[RS-72] the rule of a requirement', () => {
  test.each<[string, unknown]>([
    ['scopes', 'a b'],
    ['alternatives of scopes', ['a', ['b'], ['read', 'write']]],
    ['TokenHasScope', TokenHasScope],
    ['a subclass with scopes', OnlyA],
    ['TokenHasReadWriteScope', TokenHasReadWriteScope],
    ['TokenHasResourceScope', TokenHasResourceScope],
    ['resources by a map', new TokenHasResourceScope({ a: ['b'] })],
    [
      'requirements by method',
      new TokenMatchesOASRequirements({ GET: [['a'], ['b']], HEAD: [['read']], POST: [['write']] }),
    ],
    [
      'requirements of OpenAPI',
      new TokenMatchesOASRequirements([{ oauth2: ['a'], other: ['b'] }, { oauth2: ['read'] }]),
    ],
    ['any principal', new AnyPrincipal()],
    ['IsAuthenticated', IsAuthenticated],
    ['AllowAny', AllowAny],
    ['IsAuthenticatedOrTokenHasScope', IsAuthenticatedOrTokenHasScope],
    ['allOf', allOf('a', IsAuthenticated)],
    ['anyOf', anyOf('a', IsAuthenticated)],
    ['a contradiction', allOf(IsAuthenticatedOrTokenHasScope, 'b')],
    ['nesting', [anyOf(allOf('a', 'b'), allOf(IsAuthenticated, anyOf('read', 'write'))), anyOf('a', AllowAny)]],
    ['everybody among others', [AllowAny, 'a']],
  ])('%s: its alternatives allow whom the guard allows, with every method and every set of scopes', (_name, value) => {
    const guard = requirement(value);
    const { access } = describePlan({ action: guard.action, requirement: guard } as never);
    expect(access.flatMap(({ methods }) => methods).sort()).toEqual([...METHODS].sort());
    for (const { methods, alternatives } of access) {
      for (const method of methods) {
        const callers = [
          anonymous(method),
          withSession(method),
          ...SETS.flatMap((set) => [withToken(set, method), withClientToken(set, method)]),
        ];
        for (const caller of callers) {
          expect({ method, scopes: caller.scopes, allowed: allows(alternatives ?? [], caller) }).toEqual({
            method,
            scopes: caller.scopes,
            allowed: guardAllows(guard, caller),
          });
        }
      }
    }
  });

  test('methods that need the same stand together, and HEAD beside GET', () => {
    const { access } = describePlan({
      action: action(['a'], 'ALL'),
      requirement: requirement(TokenHasReadWriteScope),
    } as never);
    expect(access.map(({ methods, rule }) => ({ methods, rule }))).toEqual([
      { methods: ['GET', 'HEAD'], rule: { kind: 'token', scopes: ['a', 'read'] } },
      { methods: ['POST', 'PUT', 'PATCH', 'DELETE'], rule: { kind: 'token', scopes: ['a', 'write'] } },
    ]);
  });

  test('what is decided by code is named, with what is known of it', () => {
    const tenant = {
      kind: 'custom',
      name: 'AlsoTenant',
      description: 'AlsoTenant(a)',
      unknown: 'scopes',
      scopes: ['a'],
    };
    expect(requirement(AlsoTenant).rule('GET')).toEqual({
      kind: 'allOf',
      parts: [{ kind: 'token', scopes: [] }, tenant],
    });
    expect(requirement(PatientUser).rule('GET')).toMatchObject({
      kind: 'custom',
      name: 'PatientUser',
      unknown: 'decision',
    });
    expect(requirement(not('a')).rule('GET')).toEqual({ kind: 'not', part: { kind: 'token', scopes: ['a'] } });
    expect(requirement(authenticationContext({ acr: ['otp'] })).rule('GET')).toEqual({
      kind: 'allOf',
      parts: [
        { kind: 'token', scopes: [] },
        { kind: 'authenticationContext', acr: ['otp'], maxAgeSeconds: undefined },
      ],
    });
  });

  const token = (...scopes: string[]) => ({ kind: 'token', scopes });
  const decides = expect.objectContaining({ kind: 'custom', unknown: 'decision' });
  const tokenOf = (scopes: unknown) => ({ kind: 'allOf', parts: [token(), scopes] });
  const withUnknownScopes = tokenOf(expect.objectContaining({ kind: 'custom', unknown: 'scopes' }));

  /** A permission whose class is given another method, as in JavaScript also one that is not public. */
  const replacing = (type: new () => Permission, method: string): Permission => {
    class Replaced extends type {}
    Object.defineProperty(Replaced.prototype, method, { value: () => [['other']] });
    return new Replaced();
  };

  test.each<[name: string, type: new () => Permission, rule: unknown]>([
    ['IsAuthenticated.hasPermission', IsAuthenticated, decides],
    ['AllowAny.hasPermission', AllowAny, decides],
    ['TokenHasScope.hasPermission', TokenHasScope, decides],
    ['TokenHasScope.getScopes', TokenHasScope, withUnknownScopes],
    ['TokenHasScope.declared', TokenHasScope, withUnknownScopes],
    ['TokenHasReadWriteScope.getScopes', TokenHasReadWriteScope, withUnknownScopes],
    ['TokenHasReadWriteScope.declared', TokenHasReadWriteScope, withUnknownScopes],
    ['TokenHasResourceScope.getScopes', TokenHasResourceScope, withUnknownScopes],
    ['TokenHasResourceScope.getRequiredAlternateScopes', TokenHasResourceScope, withUnknownScopes],
    ['TokenHasResourceScope.declared', TokenHasResourceScope, withUnknownScopes],
    ['IsAuthenticatedOrTokenHasScope.hasPermission', IsAuthenticatedOrTokenHasScope, decides],
    ['TokenMatchesOASRequirements.hasPermission', TokenMatchesOASRequirements, decides],
    ['TokenMatchesOASRequirements.scopeAlternatives', TokenMatchesOASRequirements, decides],
    ['TokenMatchesOASRequirements.alternativesFor', TokenMatchesOASRequirements, decides],
  ])('another %s is code', (name, type, rule) => {
    const method = name.slice(name.indexOf('.') + 1);
    expect(requirement(replacing(type, method)).rule('GET')).toEqual(rule);
  });

  test('what is required together, or is enough, stands in one list', () => {
    expect(requirement(allOf(allOf('a', IsAuthenticated), 'b')).rule('GET')).toEqual({
      kind: 'allOf',
      parts: [token('a'), { kind: 'user' }, token('b')],
    });
    expect(requirement(anyOf(anyOf('a', 'b'), allOf('c', 'd'))).rule('GET')).toEqual({
      kind: 'anyOf',
      parts: [token('a'), token('b'), { kind: 'allOf', parts: [token('c'), token('d')] }],
    });
  });

  test('of a method without alternatives holds for nobody, and of no permission for everybody', () => {
    const byMethod = new TokenMatchesOASRequirements({ GET: [['a']] });
    expect(requirement(byMethod).rule('PUT')).toEqual({ kind: 'nobody' });
    expect(requirement([]).rule('PUT')).toEqual({ kind: 'everybody' });
  });

  test('permissions that decide about entities are named, also inside others', () => {
    const guard = requirement(anyOf('a', not(Owner)));
    expect(describePlan({ action: guard.action, requirement: guard } as never).objectPermissions).toEqual(['Owner']);
  });

  test('an alternative that asks for more than another is left out', () => {
    expect(accessAlternatives(requirement(anyOf('a b', 'a', allOf('a', IsAuthenticated))).rule('GET'))).toEqual([
      { credentials: 'token', user: false, scopes: ['a'], further: [] },
    ]);
  });

  test('there are at most 64 alternatives', () => {
    const choice = (name: string, count: number) =>
      anyOf(...(Array.from({ length: count }, (_, index) => `${name}${index}`) as [string, ...string[]]));
    expect(accessAlternatives(requirement([choice('a', 8), choice('b', 8)]).rule('GET'))).toHaveLength(64);
    expect(
      accessAlternatives(requirement([choice('a', 8), choice('b', 8), choice('c', 2)]).rule('GET')),
    ).toBeUndefined();
    expect(accessAlternatives(requirement(choice('a', 65)).rule('GET'))).toBeUndefined();
  });
});
