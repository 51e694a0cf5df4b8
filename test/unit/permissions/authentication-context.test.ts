import { describe, expect, test } from '@jest/globals';
import { InsufficientUserAuthenticationError } from '../../../src/core/errors.js';
import { verifiedToken } from '../../../src/core/verified-token.js';
import {
  allOf,
  anyOf,
  authenticationContext,
  type Permission,
} from '../../../src/resource-server/permissions/index.js';
import type { GuardedAction } from '../../../src/resource-server/permissions/permission.js';
import type { RequestAccess } from '../../../src/resource-server/request-access.js';

const ACTION = {} as GuardedAction;
/** By the clock of the application, which is not that of this machine. */
const NOW = 1_000_000_000_000;

/** A caller whose token says this of the authentication. */
function caller(says: { readonly acr?: string; readonly ageSeconds?: number } = {}): RequestAccess {
  const { acr, ageSeconds } = says;
  const token = verifiedToken({
    key: 'k',
    userId: 'alice',
    scopes: ['read'],
    issuedAtMilliseconds: NOW,
    expiresAtMilliseconds: NOW + 60_000,
    acr,
    authenticatedAtMilliseconds: ageSeconds === undefined ? undefined : NOW - ageSeconds * 1000,
  });
  return { isAuthenticated: true, token, scopes: token.scopes, nowMilliseconds: () => NOW } as unknown as RequestAccess;
}

/** A caller whom a session knows. */
const bySession = { isAuthenticated: true, token: undefined, nowMilliseconds: () => NOW } as RequestAccess;

function outcome(permission: Permission, access: RequestAccess): unknown {
  try {
    return permission.hasPermission(access, ACTION);
  } catch (error) {
    if (error instanceof InsufficientUserAuthenticationError) return error.details;
    throw error;
  }
}

class Never implements Permission {
  hasPermission(): boolean {
    return false;
  }
}

class Always implements Permission {
  hasPermission(): boolean {
    return true;
  }
}

describe('authenticationContext', () => {
  const both = authenticationContext({ acr: ['otp', 'key'], maxAgeSeconds: 300 });
  const refusedSession = { acrValues: ['otp', 'key'], maxAgeSeconds: 300, permission: 'authenticationContext' };
  const refused = { ...refusedSession, scheme: 'Bearer' };

  test('[RS-18] it allows who was authenticated strongly and lately enough by the clock of the application, by any of the contexts', () => {
    expect(outcome(both, caller({ acr: 'key', ageSeconds: 299 }))).toBe(true);
    expect(outcome(authenticationContext({ acr: ['key'] }), caller({ acr: 'key' }))).toBe(true);
    expect(outcome(authenticationContext({ maxAgeSeconds: 300 }), caller({ ageSeconds: 0 }))).toBe(true);
  });

  test('[RS-18] the oldest sign-in is as old as is asked for; one to come is at most as far ahead as clocks may differ', () => {
    const recent = authenticationContext({ maxAgeSeconds: 300 });
    expect(outcome(recent, caller({ ageSeconds: 300 }))).toBe(true);
    expect(outcome(recent, caller({ ageSeconds: -60 }))).toBe(true);
  });

  test('[RS-18] what is missing, too old, another one or still to come is not enough', () => {
    for (const says of [
      {},
      { acr: 'key' },
      { ageSeconds: 1 },
      { acr: 'password', ageSeconds: 1 },
      { acr: 'OTP', ageSeconds: 1 },
      { acr: 'key', ageSeconds: 301 },
      { acr: 'key', ageSeconds: -61 },
    ]) {
      expect(outcome(both, caller(says))).toEqual(refused);
    }
    expect(outcome(both, bySession)).toEqual(refusedSession);
  });

  test('[RS-18] a refusal names only what is asked for, also of who has no token', () => {
    const permission = 'authenticationContext';
    expect(outcome(authenticationContext({ acr: ['otp'] }), bySession)).toStrictEqual({
      acrValues: ['otp'],
      permission,
    });
    expect(outcome(authenticationContext({ maxAgeSeconds: 5 }), bySession)).toStrictEqual({
      maxAgeSeconds: 5,
      permission,
    });
  });

  test('nobody is asked for credentials first', () => {
    expect(outcome(both, { isAuthenticated: false, token: undefined } as RequestAccess)).toBe(false);
  });

  test('it can be combined: another alternative is enough, and where none is, it is what is told', () => {
    expect(outcome(anyOf(both, Always), caller())).toBe(true);
    expect(outcome(anyOf(Never, both), caller())).toEqual(refused);
    expect(outcome(allOf(Always, both), caller({ acr: 'otp', ageSeconds: 1 }))).toBe(true);
    expect(outcome(allOf(Never, both), caller())).toBe(false);
    expect(outcome(allOf(both, Never), caller())).toEqual(refused);
  });

  test('it says in the table of routes what it asks for', () => {
    expect(both.describe?.(ACTION)).toBe('authenticationContext(acr otp or key, at most 300 s ago)');
  });

  test('what asks for nothing, or cannot stand in a challenge, is refused at once', () => {
    for (const [requirement, message] of [
      [{}, 'authenticationContext cannot be an object: ask for acr, for maxAgeSeconds, or for both'],
      [
        { acr: [] },
        "authenticationContext.acr cannot be an empty list: give a list of names without spaces, e.g. ['urn:example:otp'].",
      ],
      [{ acr: 'otp' }, 'authenticationContext.acr'],
      [{ acr: ['two words'] }, 'authenticationContext.acr[0]'],
      [{ acr: ['"'] }, 'authenticationContext.acr[0]'],
      [{ maxAgeSeconds: 0 }, 'authenticationContext.maxAgeSeconds'],
      [{ maxAgeSeconds: 1.5 }, 'authenticationContext.maxAgeSeconds'],
      [{ maxAge: 5 }, 'authenticationContext.maxAge'],
    ] as const) {
      expect(() => authenticationContext(requirement as object)).toThrow(message);
    }
  });
});
