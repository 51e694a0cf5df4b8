import { describe, expect, test } from '@jest/globals';
import { NO_CLAIMS } from '../../../src/core/claims.js';
import { foreignUserOf } from '../../../src/core/foreign-user.js';
import {
  activeVerification,
  isTokenExpired,
  isVerifiedToken,
  keptMilliseconds,
  ownClientIdOf,
  schemeOf,
  type TokenDetails,
  verifiedToken,
} from '../../../src/core/verified-token.js';

const BASE: TokenDetails = { key: 'k', scopes: ['a', 'b'], issuedAtMilliseconds: 1_000, expiresAtMilliseconds: 2_000 };
const ISSUER = 'https://issuer.example';
const THUMBPRINT = 't'.repeat(43);
const token = (details: Partial<TokenDetails> = {}) => verifiedToken({ ...BASE, ...details });

describe('a verified token', () => {
  test('holds what its verifier said, and cannot be changed', () => {
    const claims = { deep: { list: [1] } };
    const made = token({
      ...{ id: 5, issuer: ISSUER, subject: 'alice', clientId: 'demo', applicationName: 'Demo' },
      ...{ audience: ['https://api.example'], acr: 'gold', authenticatedAtMilliseconds: 900, amr: ['pwd'] },
      ...{ confirmation: { jkt: THUMBPRINT, x5tS256: THUMBPRINT }, claims },
    });
    expect(made).toMatchObject({
      ...{ key: 'k', id: 5, issuer: ISSUER, subject: 'alice', clientId: 'demo', applicationName: 'Demo' },
      ...{ scopes: ['a', 'b'], issuedAtMilliseconds: 1_000, expiresAtMilliseconds: 2_000 },
      ...{ audience: ['https://api.example'], acr: 'gold', authenticatedAtMilliseconds: 900, amr: ['pwd'] },
      ...{ confirmation: { jkt: THUMBPRINT, x5tS256: THUMBPRINT }, claims },
    });
    for (const part of [made, made.scopes, made.audience, made.amr, made.confirmation, made.claims, claims.deep.list]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test('what is unknown of it is undefined, and its claims are empty', () => {
    const made = token();
    expect(made.claims).toBe(NO_CLAIMS);
    for (const name of ['audience', 'amr', 'confirmation', 'subject', 'userId', 'issuer'] as const) {
      expect(made).toHaveProperty(name, undefined);
    }
  });

  test('lists of the verifier stay its own, and frozen ones are kept', () => {
    const audience = ['https://api.example'];
    const amr = Object.freeze(['pwd']);
    const made = token({ audience, amr });
    expect(Object.isFrozen(audience)).toBe(false);
    expect(made.audience).not.toBe(audience);
    expect(made.amr).toBe(amr);
  });

  test('has scopes if it has all of them', () => {
    expect(token().hasScopes('a', 'b')).toBe(true);
    expect(token().hasScopes()).toBe(true);
    expect(token().hasScopes('a', 'c')).toBe(false);
    expect([...token().scopeSet]).toEqual(['a', 'b']);
  });

  test('has expired at its last moment', () => {
    expect([token().isExpired(1_999), token().isExpired(2_000), token().isExpired()]).toEqual([false, true, true]);
    expect(isTokenExpired({ expiresAtMilliseconds: 5 }, 4)).toBe(false);
  });

  test.each(['issuedAtMilliseconds', 'expiresAtMilliseconds'] as const)('without %s there is none', (name) => {
    for (const time of [undefined, Number.NaN, '5', new Date(5)]) {
      expect(() => token({ [name]: time })).toThrow(`A token needs ${name}, as a number.`);
    }
  });

  test('only verifiedToken makes one', () => {
    expect(isVerifiedToken(token())).toBe(true);
    expect(isVerifiedToken({ ...token() })).toBe(false);
  });
});

describe('the principal of a token', () => {
  test.each<[string, Partial<TokenDetails>, string, string | undefined]>([
    ['a user of the host', { userId: '5', clientId: 'demo' }, 'user:5', '5'],
    ['a user of the host, known by a foreign issuer', { userId: '5', issuer: ISSUER, subject: 's' }, 'user:5', 's'],
    ['a user of the host, without a subject', { userId: '5', issuer: ISSUER }, 'user:5', undefined],
    ['a user of an issuer', { subject: '5', issuer: ISSUER, clientId: 'demo' }, `user@${ISSUER}|5`, '5'],
    ['an application', { clientId: 'demo' }, 'client:demo', undefined],
    ['an application of an issuer', { clientId: 'demo', issuer: ISSUER }, `client@${ISSUER}|demo`, undefined],
    ['the token itself', {}, 'token:k', undefined],
  ])('is %s', (_name, details, key, subject) => {
    const made = token(details);
    expect(made.principal.key).toBe(key);
    expect(made.subject).toBe(subject);
  });

  test('is not known by a subject alone', () => {
    expect(() => token({ subject: '5' })).toThrow(
      new TypeError('A token with a subject needs its issuer, or the userId of a user of the host.'),
    );
  });

  test('is a foreign user only with an issuer, a subject and no user of the host', () => {
    const foreign = foreignUserOf(token({ issuer: ISSUER, subject: '5' }));
    expect(foreign).toMatchObject({ issuer: ISSUER, subject: '5' });
    expect(String(foreign)).toBe(`user@${ISSUER}|5`);
    expect(Object.isFrozen(foreign)).toBe(true);
    for (const details of [{}, { issuer: ISSUER }, { userId: '5' }, { userId: '5', issuer: ISSUER, subject: '5' }]) {
      expect(foreignUserOf(token(details))).toBeUndefined();
    }
  });

  test('is an application of this server only without an issuer', () => {
    expect(ownClientIdOf({ issuer: undefined, clientId: 'demo' })).toBe('demo');
    expect(ownClientIdOf({ issuer: ISSUER, clientId: 'demo' })).toBeUndefined();
  });
});

test('the answer for a valid token always has the same members', () => {
  const made = token();
  expect(activeVerification(made, 'alice', 5)).toEqual({
    ...{ status: 'active', token: made, user: 'alice', keepMilliseconds: 5 },
  });
  expect(activeVerification(made, undefined)).toStrictEqual({
    ...{ status: 'active', token: made, user: undefined, keepMilliseconds: undefined },
  });
});

test('[RFC 9449 §7.1] a token that is bound to a key is presented by DPoP', () => {
  expect(schemeOf({ confirmation: { jkt: THUMBPRINT } })).toBe('DPoP');
  expect(schemeOf({ confirmation: { x5tS256: THUMBPRINT } })).toBe('Bearer');
  expect(schemeOf({ confirmation: undefined })).toBe('Bearer');
});

describe('how long an answer is kept', () => {
  const keptOf = (details: Partial<TokenDetails>, keepMilliseconds?: number) =>
    keptMilliseconds(activeVerification(token(details), undefined, keepMilliseconds), 100);

  test.each<[string, Partial<TokenDetails>, number | undefined, number]>([
    ['the bound of the cache, where nothing is said', {}, undefined, 100],
    ['shorter, where that is said', {}, 50, 50],
    ['not longer for a token of the host', {}, 500, 100],
    ['not longer for a user of the host', { issuer: ISSUER, userId: '5' }, 500, 100],
    ['longer for a token and a user that only the issuer can revoke', { issuer: ISSUER, subject: '5' }, 500, 500],
  ])('%s', (_name, details, said, kept) => {
    expect(keptOf(details, said)).toBe(kept);
  });
});
