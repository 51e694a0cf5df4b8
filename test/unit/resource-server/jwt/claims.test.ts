import { describe, expect, test } from '@jest/globals';
import { type ClaimRules, judgeClaims } from '../../../../src/resource-server/verifiers/jwt/access-token-claims.js';

const NOW = 1_800_000_000;
const rules: ClaimRules = {
  issuer: 'https://issuer.example',
  audience: new Set(['https://api.example', 'urn:api']),
  typ: 'at+jwt',
  clientIdClaim: 'client_id',
  scopeClaims: ['scope'],
  allowScopeList: false,
  clockSkewSeconds: 5,
  maximumLifetimeSeconds: 3600,
  maximumAgeSeconds: undefined,
};
const good = {
  iss: 'https://issuer.example',
  aud: 'https://api.example',
  sub: '5',
  client_id: 'app',
  iat: NOW - 10,
  exp: NOW + 600,
  scope: 'read write',
};
const THUMBPRINT = 'A'.repeat(43);

function judge(change: object = {}, other: Partial<ClaimRules> = {}, nowMilliseconds = NOW * 1000) {
  return judgeClaims({ ...good, ...change }, { ...rules, ...other }, nowMilliseconds);
}
const statusOf = (...values: Parameters<typeof judge>) => judge(...values).status;

describe('the claims of a JWT access token', () => {
  test('are read', () => {
    const all = {
      jti: 'one',
      acr: 'urn:mfa',
      amr: ['pwd', 'otp'],
      auth_time: NOW - 60,
      nbf: NOW - 10,
      cnf: { jkt: THUMBPRINT },
      aud: ['https://other.example', 'urn:api'],
    };
    expect(judge(all)).toEqual({
      status: 'active',
      claims: {
        subject: '5',
        clientId: 'app',
        audience: ['https://other.example', 'urn:api'],
        scopes: ['read', 'write'],
        tokenId: 'one',
        issuedAtSeconds: NOW - 10,
        expiresAtSeconds: NOW + 600,
        acr: 'urn:mfa',
        amr: ['pwd', 'otp'],
        authTimeSeconds: NOW - 60,
        confirmation: { jkt: THUMBPRINT },
      },
    });
  });

  test.each<[string, readonly unknown[]]>([
    ['iss', [undefined, null, 5, '', 'https://issuer.example/', 'HTTPS://issuer.example', ['https://issuer.example']]],
    [
      'aud',
      [
        undefined,
        null,
        5,
        '',
        [],
        [5],
        ['https://api.example', 5],
        ['https://api.example', ''],
        {},
        'https://api.example/',
      ],
    ],
    ['aud', [Array.from({ length: 101 }, () => 'https://api.example')]],
    ['sub', [undefined, null, 5, '', {}, ['5'], 'x'.repeat(256), '5\n', '\ud800']],
    ['client_id', [undefined, null, 5, '', {}, 'x'.repeat(256)]],
    ['scope', [null, 5, {}, ['read'], 'read "x"', 'read\twrite', 'lö']],
    [
      'exp',
      [undefined, null, String(NOW + 60), NOW + 0.5, 1e300, Number.MAX_SAFE_INTEGER, -1, Number.NaN, true, [NOW + 60]],
    ],
    ['iat', [undefined, null, String(NOW), NOW - 0.5, -1, 1e300]],
    ['nbf', [null, String(NOW), NOW + 0.5, 1e300]],
    ['jti', [null, 5, '', {}, 'x'.repeat(256)]],
    ['acr', [null, 5, ['a']]],
    ['amr', [null, 'pwd', [5], {}]],
    ['auth_time', [null, '1', 1.5, -1]],
    [
      'cnf',
      [null, {}, [], 5, 'x', { jkt: 5 }, { jkt: 'short' }, { jwk: {} }, { kid: 'x' }, { jkt: THUMBPRINT, jwk: {} }],
    ],
  ])('[RS-10 §3.8, RS-11 §4] a wrong %s is refused', (name, values) => {
    for (const value of values) expect([value, statusOf({ [name]: value })]).toEqual([value, 'invalid']);
  });

  test('[RS-11 §4] the end is the end, without skew', () => {
    expect(statusOf({ exp: NOW + 1 })).toBe('active');
    expect(statusOf({ exp: NOW })).toBe('expired');
    expect(statusOf({ exp: NOW - 5 })).toBe('expired');
    expect(statusOf({ exp: NOW + 1 }, {}, (NOW + 1) * 1000 - 1)).toBe('active');
    expect(statusOf({ exp: NOW + 1 }, {}, (NOW + 1) * 1000)).toBe('expired');
  });

  test('[RS-11 §4] iat and nbf may be ahead by the skew', () => {
    for (const name of ['iat', 'nbf']) {
      expect([name, statusOf({ [name]: NOW + 5 })]).toEqual([name, 'active']);
      expect([name, statusOf({ [name]: NOW + 6 })]).toEqual([name, 'invalid']);
      expect([name, statusOf({ [name]: NOW + 1 }, { clockSkewSeconds: 0 })]).toEqual([name, 'invalid']);
    }
  });

  test('[RS-11 §4] a lifetime beyond the longest, or none, is refused', () => {
    expect(statusOf({ iat: NOW, exp: NOW + 3600 })).toBe('active');
    expect(statusOf({ iat: NOW, exp: NOW + 3601 })).toBe('invalid');
    expect(statusOf({ iat: NOW + 1, exp: NOW + 1 })).toBe('invalid');
  });

  test('a token may be bound to a greatest age', () => {
    expect(statusOf({ iat: NOW - 59 }, { maximumAgeSeconds: 60 })).toBe('active');
    expect(statusOf({ iat: NOW - 60 }, { maximumAgeSeconds: 60 })).toBe('expired');
    expect(judge({ iat: NOW - 50 }, { maximumAgeSeconds: 60 })).toMatchObject({
      claims: { expiresAtSeconds: NOW + 10 },
    });
  });

  test('what is expired and wrong is wrong', () => {
    expect(statusOf({ exp: NOW - 1, aud: 'https://other.example' })).toBe('invalid');
  });

  test('scopes may be missing, and stand once each', () => {
    expect(judge({ scope: undefined })).toMatchObject({ claims: { scopes: [] } });
    expect(judge({ scope: 'a b a' })).toMatchObject({ claims: { scopes: ['a', 'b'] } });
  });

  test('scopes may stand in another claim, and be a list', () => {
    const other = { scopeClaims: ['permissions', 'scp'], allowScopeList: true };
    expect(judge({ scp: ['a', 'b', 'a'] }, other)).toMatchObject({ claims: { scopes: ['a', 'b'] } });
    expect(judge({ scp: 'a b' }, other)).toMatchObject({ claims: { scopes: ['a', 'b'] } });
    expect(judge({ permissions: ['c'], scp: 'a b' }, other)).toMatchObject({ claims: { scopes: ['c'] } });
    expect(judge({}, other)).toMatchObject({ claims: { scopes: [] } });
    for (const scp of [5, null, {}, ['a', 5], ['a b'], [''], [null]])
      expect([scp, statusOf({ scp }, other)]).toEqual([scp, 'invalid']);
  });

  test('the client may stand in another claim', () => {
    const other = { clientIdClaim: 'azp' };
    expect(judge({ azp: 'other' }, other)).toMatchObject({ claims: { clientId: 'other' } });
    expect(statusOf({}, other)).toBe('invalid');
  });

  describe('of an issuer that says JWT', () => {
    const jwt = { typ: 'JWT', clientIdClaim: 'azp' } as const;

    test('are those of an access token', () => {
      expect(statusOf({ azp: 'app', typ: 'Bearer' }, jwt)).toBe('active');
      expect(statusOf({ azp: 'app', token_use: 'access' }, jwt)).toBe('active');
    });

    test.each([
      { aud: ['https://api.example', 'app'] },
      { azp: undefined },
      { azp: 'https://api.example' },
      { nonce: 'n' },
      { at_hash: 'h' },
      { c_hash: 'h' },
      { s_hash: 'h' },
      { events: {} },
      { typ: 'ID' },
      { typ: 'Refresh' },
      { token_use: 'id' },
    ])('[RS-10 §3.12] those of an ID token are refused: %j', (change) => {
      expect(statusOf({ azp: 'app', ...change }, jwt)).toBe('invalid');
    });
  });
});
