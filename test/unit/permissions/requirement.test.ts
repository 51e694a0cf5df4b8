import { describe, expect, test } from '@jest/globals';
import { KnownRefusal } from '../../../src/core/errors/known-refusal.js';
import {
  AccessDeniedError,
  AuthenticationRequiredError,
  InsufficientScopeError,
  type OAuth2Error,
} from '../../../src/core/errors.js';
import { toPermissions } from '../../../src/resource-server/permissions/expression.js';
import {
  AllowAny,
  allOf,
  anyOf,
  IsAuthenticated,
  not,
  type Permission,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/resource-server/permissions/index.js';
import { Requirement } from '../../../src/resource-server/permissions/requirement.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';
import {
  action,
  anonymous,
  withBoundToken,
  withClientToken,
  withSession,
  withToken,
} from '../../support/permissions/access.js';

function requirement(...permissions: Permission[]): Requirement {
  return new Requirement(action([]), permissions);
}

function refusal(of: Requirement, access: RequestAccess): Error | undefined {
  const refused = of.refusal(access);
  if (refused instanceof Promise) throw new Error('The permissions of these tests answer at once.');
  return refused;
}

class IsStaff implements Permission {
  hasPermission(access: RequestAccess): Promise<boolean> {
    return Promise.resolve((access.user as { staff?: boolean } | undefined)?.staff === true);
  }
}

describe('@Authorized values', () => {
  const check = (value: unknown, scopes: string[]) =>
    refusal(requirement(...toPermissions(value, 'here')), withToken(scopes)) === undefined;

  test('strings are scopes and all of them are required', () => {
    expect(check(['a', 'b'], ['a', 'b'])).toBe(true);
    expect(check(['a', 'b'], ['a'])).toBe(false);
    expect(check('a b', ['a', 'b'])).toBe(true);
  });

  test('each array inside is one alternative, and strings alongside them stay required', () => {
    expect(check([['a'], ['b', 'c']], ['b', 'c'])).toBe(true);
    expect(check([['a'], ['b', 'c']], ['b'])).toBe(false);
    expect(check(['x', ['a'], ['b']], ['b', 'x'])).toBe(true);
    expect(check(['x', ['a'], ['b']], ['b'])).toBe(false);
  });

  test('an empty alternative would let every token in, so it is a mistake', () => {
    expect(() => toPermissions([[]], 'here')).toThrow(/an empty array would let every token in/);
  });

  test('a class or an object is a permission', () => {
    const [one, two] = toPermissions([IsAuthenticated, new TokenHasScope()], 'here');
    expect(one).toBeInstanceOf(IsAuthenticated);
    expect(two).toBeInstanceOf(TokenHasScope);
  });

  test('[RS-23] a role checker of routing-controllers, a plain function, a number, undefined inside a list are mistakes', () => {
    class RoleChecker {
      check(): boolean {
        return true;
      }
    }
    expect(() => toPermissions(RoleChecker, '@Authorized on X')).toThrow(
      /@Authorized on X cannot be a function: .*\(routing-controllers never calls the check\(\)/,
    );
    class NoPermission {}
    const what = 'it is neither a scope nor a permission, an object or class with hasPermission.';
    for (const [part, said] of [
      [() => true, 'a function'],
      [NoPermission, 'a function'],
      [new RoleChecker(), 'an object'],
      [{ hasPermission: true }, 'an object'],
      [null, 'null'],
    ]) {
      expect(() => toPermissions([part], 'Here')).toThrow(`Here cannot be ${said}: ${what}`);
    }
    expect(() => toPermissions([5], 'here')).toThrow(/cannot be 5: it is neither/);
    expect(() => toPermissions([undefined], 'here')).toThrow(/cannot be undefined: it is neither/);
  });
});

describe('a requirement', () => {
  test('refuses a caller without credentials with 401, whichever permission refuses', () => {
    expect(refusal(requirement(...toPermissions(['a'], '')), anonymous())).toBeInstanceOf(AuthenticationRequiredError);
    expect(refusal(requirement(new IsAuthenticated()), anonymous())).toBeInstanceOf(AuthenticationRequiredError);
  });

  test('[RS-7] names the whole scope that is required, of all permissions, not only what is missing', () => {
    const error = refusal(
      requirement(...toPermissions(['a'], ''), ...toPermissions([['b', 'c'], ['d']], '')),
      withToken(['a', 'x']),
    );
    expect(error).toBeInstanceOf(InsufficientScopeError);
    expect((error as InsufficientScopeError).details).toMatchObject({
      permission: 'RequiresScopes',
      requiredScopes: [
        ['a', 'b', 'c'],
        ['a', 'd'],
      ],
      providedScopes: ['a', 'x'],
    });
  });

  test('an application alone, where a user is needed, is denied with a word about it', () => {
    const error = refusal(requirement(new IsAuthenticated()), withClientToken(['a']));
    expect(error).toBeInstanceOf(AccessDeniedError);
    expect(error?.message).toMatch(/A user is needed/);
  });

  test('starts and checks objects where a permission has nothing to say of either', async () => {
    const plain = requirement(new IsAuthenticated());
    expect(() => plain.validate()).not.toThrow();
    await expect(plain.checkObject(withToken([]), {})).resolves.toBeUndefined();
  });

  test('a permission that refuses a token which has its scopes is not called a lack of scope', () => {
    class Never extends TokenHasScope {
      override hasPermission(): boolean {
        return false;
      }
    }
    expect(refusal(new Requirement(action(['a']), [new Never()]), withToken(['a']))).toBeInstanceOf(AccessDeniedError);
  });

  test('only true allows: an answer of another type refuses', async () => {
    const sloppy = { hasPermission: () => 'yes' } as unknown as Permission;
    expect(refusal(requirement(sloppy), withToken([]))).toBeInstanceOf(AccessDeniedError);
    const late = { hasPermission: () => Promise.resolve(1) } as unknown as Permission;
    expect(await requirement(late).refusal(withToken([]))).toBeInstanceOf(AccessDeniedError);
  });

  test('is answered without a promise where no permission makes one', () => {
    const scoped = requirement(...toPermissions(['a'], ''));
    expect(scoped.refusal(withToken(['a']))).toBeUndefined();
    expect(scoped.refusal(withToken([]))).toBeInstanceOf(InsufficientScopeError);
  });

  test('asks the permissions that come after one that answers later', async () => {
    const both = requirement(new IsStaff(), ...toPermissions(['a'], ''));
    expect(await both.refusal(withSession('GET', { staff: true }))).toBeInstanceOf(InsufficientScopeError);
    expect(await requirement(new IsStaff()).refusal(withSession('GET', { staff: true }))).toBeUndefined();
  });
});

class TokenHasB extends TokenHasScope {
  override readonly requiredScopes = ['b'];
}

class Refuses implements Permission {
  hasPermission(): boolean {
    return false;
  }
}

/** So many alternatives of one scope. */
const alternatives = (name: string, count: number) => Array.from({ length: count }, (_, index) => [`${name}${index}`]);

describe('what a refusal says', () => {
  const details = (of: Requirement, access: RequestAccess) => (refusal(of, access) as OAuth2Error).details;
  const lack = { permission: 'RequiresScopes', providedScopes: [], scheme: 'Bearer' };

  test('[RS-7] the whole scope also where a permission derives its part from the request', () => {
    for (const mixed of [
      requirement(...toPermissions(['a', IsAuthenticated, not('x'), anyOf(IsAuthenticated), TokenHasB], '')),
      requirement(...toPermissions([IsAuthenticated, TokenHasB, 'a'], '')),
    ]) {
      for (const scopes of [[], ['a'], ['b']]) {
        expect([...(details(mixed, withToken(scopes)).requiredScopes ?? [])].sort()).toEqual(['a', 'b']);
      }
    }
    expect(details(requirement(new TokenHasB()), withToken([]))).toEqual({
      ...{ permission: 'TokenHasB', requiredScopes: ['b'], providedScopes: [], scheme: 'Bearer' },
    });
  });

  test('up to 16 alternatives together; where there are more, those of the permission that refuses', () => {
    const four = anyOf('b0', 'b1', 'b2', 'b3');
    const both = (count: number) => requirement(...toPermissions(alternatives('a', count), ''), four);
    expect(details(both(4), withToken([])).requiredScopes).toHaveLength(16);
    expect(details(both(5), withToken([])).requiredScopes).toEqual(alternatives('a', 5));
    expect(details(both(5), withToken(['a0'])).requiredScopes).toEqual(alternatives('b', 4));
  });

  test('the permission that refuses, where no scope helps', () => {
    expect(details(requirement(new Refuses()), withToken([]))).toEqual({ permission: 'Refuses' });
    expect(details(requirement(new Refuses()), anonymous())).toEqual({ permission: 'Refuses' });
  });

  test('no lack of scope of a token with one of the alternatives, or where no part names scopes', () => {
    class Closed extends TokenMatchesOASRequirements {
      override hasPermission(): boolean {
        return false;
      }
    }
    const closed = requirement(new Closed({ GET: [['a'], ['b']] }));
    expect(refusal(closed, withToken(['b']))).toBeInstanceOf(AccessDeniedError);
    expect(refusal(closed, withToken([]))).toBeInstanceOf(InsufficientScopeError);
    for (const access of [withToken([]), withSession()]) {
      expect(refusal(requirement(allOf(Refuses, IsAuthenticated)), access)).toBeInstanceOf(AccessDeniedError);
      expect(refusal(requirement(anyOf(Refuses, Refuses)), access)).toBeInstanceOf(AccessDeniedError);
    }
  });

  test('a lack of scope also where there are too many alternatives to list', () => {
    const five = anyOf('a0', 'a1', 'a2', 'a3', 'a4');
    const four = anyOf('b0', 'b1', 'b2', 'b3');
    const both = requirement(allOf(five, four));
    expect(details(both, withToken([])).requiredScopes).toEqual(alternatives('a', 5));
    expect(details(both, withToken(['a1'])).requiredScopes).toEqual(alternatives('b', 4));
    expect(details(both, withSession()).requiredScopes).toEqual(alternatives('a', 5));
    expect(allOf(five, four).scopeAlternatives?.(anonymous(), action([]))).toBeUndefined();
    expect(refusal(requirement(allOf(five, four, Refuses)), withToken(['a1', 'b1']))).toBeInstanceOf(AccessDeniedError);
  });

  test('the scheme of the token: Bearer without one, and where another caller has the other', () => {
    const mixed = requirement(...toPermissions(['a', IsAuthenticated], ''));
    expect(details(mixed, withBoundToken([]))).toEqual({ ...lack, requiredScopes: ['a'], scheme: 'DPoP' });
    expect(details(mixed, withToken([]))).toEqual({ ...lack, requiredScopes: ['a'] });
    expect(details(mixed, withSession())).toEqual({ ...lack, requiredScopes: ['a'] });
    expect(details(requirement(new TokenHasB()), withBoundToken([])).scheme).toBe('DPoP');
    expect(details(requirement(new TokenHasB()), withSession()).scheme).toBe('Bearer');
  });

  test('the same to everybody where it depends on no request: such a refusal is made once, of nobody', () => {
    const known = (of: Requirement, access: RequestAccess) => {
      const decision = of.decide(access);
      if (!(decision instanceof KnownRefusal)) throw new Error('It is not known.');
      return decision;
    };
    for (const value of [['a'], ['a', IsAuthenticated]]) {
      const fixed = requirement(...toPermissions(value, ''));
      const lacking = known(fixed, withToken(['x']));
      expect(known(fixed, withToken(['y']))).toBe(lacking);
      expect(lacking.error.details).toStrictEqual({
        ...{ requiredScopes: ['a'], permission: 'RequiresScopes', scheme: 'Bearer' },
      });
      expect(known(fixed, anonymous('POST'))).toBe(known(fixed, anonymous()));
    }
    const derived = requirement(...toPermissions(['a', TokenHasB], ''));
    expect(derived.decide(withToken([]))).toBeInstanceOf(InsufficientScopeError);
  });
});

describe('composition', () => {
  const allows = async (permission: Permission, access: RequestAccess) => permission.hasPermission(access, action([]));

  test('allOf needs all, anyOf one, not the opposite', async () => {
    expect(await allows(allOf('a', IsAuthenticated), withToken(['a']))).toBe(true);
    expect(await allows(allOf('a', IsAuthenticated), withClientToken(['a']))).toBe(false);
    expect(await allows(anyOf('a', IsStaff), withSession('GET', { staff: true }))).toBe(true);
    expect(await allows(anyOf('a', IsStaff), withSession())).toBe(false);
    expect(await allows(anyOf(IsStaff, 'a'), withToken(['a']))).toBe(true);
    expect(await allows(not(IsStaff), withSession())).toBe(true);
    expect(await allows(not('a'), withToken(['a']))).toBe(false);
    expect(await allows(allOf(AllowAny), anonymous())).toBe(true);
  });

  test('refusals of anyOf and allOf name scopes that would help', () => {
    const any = refusal(requirement(anyOf('a', 'b c')), withToken([])) as InsufficientScopeError;
    expect(any.details.requiredScopes).toEqual([['a'], ['b', 'c']]);
    const all = refusal(requirement(allOf('a', 'b')), withToken([])) as InsufficientScopeError;
    expect(all.details.requiredScopes).toEqual(['a', 'b']);
  });

  test('a mistake in a part is a mistake of the whole', () => {
    expect(() => requirement(allOf(new TokenHasScope())).validate()).not.toThrow();
    expect(() => new Requirement(action(undefined), [anyOf('a', TokenHasScope)]).validate()).toThrow(
      /no scopes to require/,
    );
    expect(() => allOf(5 as never)).toThrow(/allOf\(\.\.\.\) cannot be 5: it is neither/);
    expect(() => not(5 as never)).toThrow(/not\(\.\.\.\) cannot be 5: it is neither/);
  });

  test('an object needs an alternative that allows both the request and the object', async () => {
    class Owner implements Permission {
      hasPermission(access: RequestAccess): boolean {
        return access.isAuthenticated;
      }
      hasObjectPermission(access: RequestAccess, _action: unknown, object: unknown): boolean {
        return (object as { owner: string }).owner === access.userId;
      }
    }
    const ownerOrScope = requirement(anyOf(Owner, 'notes'));
    await expect(ownerOrScope.checkObject(withToken([]), { owner: 'alice' })).resolves.toBeUndefined();
    await expect(ownerOrScope.checkObject(withToken(['notes']), { owner: 'bob' })).resolves.toBeUndefined();
    await expect(ownerOrScope.checkObject(withToken([]), { owner: 'bob' })).rejects.toBeInstanceOf(
      InsufficientScopeError,
    );
    await expect(requirement(not(Owner)).checkObject(withToken([]), { owner: 'alice' })).rejects.toBeInstanceOf(
      AccessDeniedError,
    );
    await expect(requirement(not(allOf('x', 'y'))).checkObject(withToken([]), {})).resolves.toBeUndefined();
    await expect(requirement(not(not(Owner))).checkObject(withToken([]), { owner: 'alice' })).resolves.toBeUndefined();
    const ownNotes = requirement(allOf(Owner, 'notes'));
    await expect(ownNotes.checkObject(withToken(['notes']), { owner: 'alice' })).resolves.toBeUndefined();
    await expect(ownNotes.checkObject(withToken(['notes']), { owner: 'bob' })).rejects.toThrow();
  });
});
