import { describe, expect, test } from '@jest/globals';
import { AccessDeniedError } from '../../../src/core/errors.js';
import { readDefaultRequirement } from '../../../src/resource-server/permissions/default-requirement.js';
import { toPermissions } from '../../../src/resource-server/permissions/expression.js';
import {
  AllowAny,
  allOf,
  anyOf,
  authenticationContext,
  IsAuthenticated,
  not,
  type Permission,
  TokenHasScope,
  TokenMatchesOASRequirements,
} from '../../../src/resource-server/permissions/index.js';
import { AnyPrincipal } from '../../../src/resource-server/permissions/is-authenticated.js';
import { Requirement } from '../../../src/resource-server/permissions/requirement.js';
import { action, anonymous, withToken } from '../../support/permissions/access.js';

class Owner implements Permission {
  readonly message = 'Only its owner.';
  hasPermission(): boolean {
    return false;
  }
}

class OnlyStaff extends IsAuthenticated {
  override hasPermission(): boolean {
    return false;
  }
}

class OnWeekdays extends AllowAny {
  override hasPermission(): boolean {
    return false;
  }
}

class TokenAlso extends TokenHasScope {
  override readonly requiredScopes = ['a', 'b'];
}

const described = (value: unknown, of = action(['a'])) => new Requirement(of, toPermissions(value, 'here')).describe();

describe('a requirement describes itself', () => {
  test.each<[() => unknown, string]>([
    [() => ['a b', 'c'], 'a b c'],
    [() => [['a'], ['b', 'c']], 'a | b c'],
    [() => Owner, 'Owner'],
    [() => ['a', Owner], 'a, Owner'],
    [() => AllowAny, 'AllowAny'],
    [() => IsAuthenticated, 'IsAuthenticated'],
    [() => new AnyPrincipal(), 'any principal'],
    [() => OnlyStaff, 'OnlyStaff'],
    [() => OnWeekdays, 'OnWeekdays'],
    [() => TokenHasScope, 'TokenHasScope(a)'],
    [() => TokenAlso, 'TokenAlso(a b)'],
    [() => allOf('a', Owner), 'allOf(a, Owner)'],
    [() => anyOf('a b', not(Owner)), 'anyOf(a b, not(Owner))'],
    [() => authenticationContext({ acr: ['otp', 'key'] }), 'authenticationContext(acr otp or key)'],
    [() => authenticationContext({ maxAgeSeconds: 5 }), 'authenticationContext(at most 5 s ago)'],
    [
      () => authenticationContext({ acr: ['otp'], maxAgeSeconds: 5 }),
      'authenticationContext(acr otp, at most 5 s ago)',
    ],
  ])('%#: by its permissions, each with its scopes or its class', (value, description) => {
    expect(described(value())).toBe(description);
  });

  test.each([
    ['IsAuthenticated', IsAuthenticated],
    ['AllowAny', AllowAny],
    ['OnlyStaff', OnlyStaff],
    ['OnWeekdays', OnWeekdays],
  ] as const)('%s also describes itself alone', (name, permission) => {
    expect(new permission().describe()).toBe(name);
  });

  test('by the class alone where it needs any token', () => {
    expect(described(TokenHasScope, action([]))).toBe('TokenHasScope');
  });

  test('by the scopes of a documented method, of an action with all methods those of GET', () => {
    const documented = new TokenMatchesOASRequirements({ GET: [['a'], ['b', 'c']], POST: [['d']] });
    expect(described(documented, action([], 'GET'))).toBe('a | b c');
    expect(described(documented, action([], 'POST'))).toBe('d');
    expect(described(documented, action([], 'ALL'))).toBe('a | b c');
    expect(described(documented, action([], 'PUT'))).toBe('');
  });
});

describe('a composition', () => {
  test('reads the scopes of the action if one of its parts does', () => {
    expect(anyOf(Owner, TokenHasScope).readsRequiredScopes).toBe(true);
    expect(allOf(TokenHasScope, Owner).readsRequiredScopes).toBe(true);
    expect(anyOf(Owner, IsAuthenticated).readsRequiredScopes).toBe(false);
  });

  test('says what its first part with a message says, and its opposite nothing', () => {
    expect(anyOf(AllowAny, Owner).message).toBe('Only its owner.');
    expect(anyOf(AllowAny, 'a').message).toBeUndefined();
    expect(not(Owner).message).toBeUndefined();
  });

  test('has at least one part', () => {
    const empty: [] = [];
    expect(() => anyOf(...(empty as never as ['a']))).toThrow(
      'anyOf(...) cannot be an empty list: name at least one permission.',
    );
  });

  test('of alternatives: a refusal that one of them throws counts where no other allows; a fault always does', async () => {
    const throwing = (error: unknown): Permission => ({
      hasPermission: () => {
        throw error;
      },
    });
    const rejecting = (error: unknown): Permission => ({ hasPermission: () => Promise.reject(error) });
    const refused = new AccessDeniedError('Not now.');
    const http = Object.assign(new Error('gone'), { httpCode: 410 });
    const fault = new TypeError('broken');
    const ask = async (...parts: [Permission, ...Permission[]]) =>
      anyOf(...parts).hasPermission(withToken([]), action([]));
    for (const make of [throwing, rejecting]) {
      await expect(ask(make(refused), new AllowAny())).resolves.toBe(true);
      await expect(ask(make(http), new AllowAny())).resolves.toBe(true);
      await expect(ask(make(refused), make(http), new Owner())).rejects.toBe(refused);
      await expect(ask(make(http), new Owner())).rejects.toBe(http);
      await expect(ask(make(fault), new AllowAny())).rejects.toBe(fault);
    }
  });
});

describe('the requirement of actions that declare none', () => {
  test('names at least one permission', () => {
    expect(readDefaultRequirement('defaultRequirement', ['a', IsAuthenticated])).toHaveLength(2);
    for (const none of [undefined, null, []]) {
      expect(() => readDefaultRequirement('defaultRequirement', none)).toThrow(
        /name scopes or permissions, e\.g\. IsAuthenticated; AllowAny lets everybody in\.$/,
      );
    }
  });

  test('of nothing is nothing', () => {
    expect([toPermissions(undefined, 'here'), toPermissions(null, 'here')]).toEqual([[], []]);
  });
});

test('AllowAny lets in who has no credentials', () => {
  expect(new AllowAny().hasPermission()).toBe(true);
  expect(new Requirement(action([]), [new AllowAny()]).refusal(anonymous())).toBeUndefined();
});
