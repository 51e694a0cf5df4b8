import { expect, test } from '@jest/globals';
import { ANONYMOUS, applicationPrincipal, tokenPrincipal, userPrincipal } from '../../../src/core/principal.js';

const ISSUER = 'https://issuer.example';

test('a principal holds its kind, its id and its issuer, and cannot be changed', () => {
  const principals = [
    [userPrincipal('5', ISSUER), 'user', '5', `user@${ISSUER}|5`],
    [applicationPrincipal('demo', ISSUER), 'application', 'demo', `client@${ISSUER}|demo`],
    [tokenPrincipal('k', ISSUER), 'token', 'k', 'token:k'],
  ] as const;
  for (const [principal, kind, id, key] of principals) {
    expect({ ...principal }).toEqual({ kind, id, issuer: ISSUER, key });
    expect(Object.isFrozen(principal)).toBe(true);
  }
  expect(userPrincipal('5').issuer).toBeUndefined();
  expect(Object.isFrozen(ANONYMOUS)).toBe(true);
});
