import { describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/core/errors.js';
import {
  AccessToken,
  Application,
  completeTableNames,
  DEFAULT_TABLE_NAMES,
  RefreshToken,
} from '../../../src/storage/index.js';
import { applicationColumns, isClientId, type NewApplication } from '../../../src/storage/models/new-application.js';

const NOW = 1_790_000_000_000;

function token(columns: Partial<AccessToken> = {}): AccessToken {
  return AccessToken.fromJson({
    scope: 'read write',
    expiresAtMilliseconds: NOW + 1,
    createdAtMilliseconds: NOW,
    revokedAtMilliseconds: null,
    ...columns,
  });
}

describe('an access token', () => {
  test('is expired from the very millisecond of its end', () => {
    expect([token().isExpired(NOW), token().isExpired(NOW + 1)]).toEqual([false, true]);
  });

  test('is valid with all of the scopes asked for; none asked for = any', () => {
    const valid = (scopes?: string[]) => token().isValid(scopes, NOW);
    expect([valid(), valid([]), valid(['read']), valid(['write', 'read']), valid(['read', 'admin'])]).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  test('is not valid when expired, revoked, or of a disabled application', () => {
    const disabled = Application.fromJson({ disabledAtMilliseconds: NOW });
    expect(token().isValid([], NOW + 1)).toBe(false);
    expect(token({ revokedAtMilliseconds: 1 }).isValid([], NOW)).toBe(false);
    expect(token({ revokedAtMilliseconds: 0 }).isValid([], NOW)).toBe(false);
    expect(Object.assign(token(), { application: disabled }).isValid([], NOW)).toBe(false);
    expect(Object.assign(token(), { application: null }).isValid([], NOW)).toBe(true);
  });

  test('does not take a part of a scope, or another case, for the scope', () => {
    expect(['rea', 'READ', 'read write', ' read', ''].map((scope) => token().allowScopes([scope]))).toEqual(
      Array(5).fill(false),
    );
  });

  test('gives its scopes as a list of its own each time', () => {
    const one = token({ scope: 'b a  b' });
    one.scopes.push('admin');
    expect(one.scopes).toEqual(['b', 'a']);
    expect(token({ scope: '' }).scopes).toEqual([]);
  });

  test('describes its own scopes only, and names of built-in properties are scopes like others', () => {
    const described = token({ scope: 'read constructor __proto__' }).scopeDescriptions({
      read: 'See',
      write: 'Change',
    });
    expect(Object.entries(described)).toEqual([
      ['read', 'See'],
      ['constructor', 'constructor'],
      ['__proto__', '__proto__'],
    ]);
  });
});

test('a refresh token ends with its family, even if it would live on', () => {
  const refreshToken = RefreshToken.fromJson({ expiresAtMilliseconds: NOW + 10, familyExpiresAtMilliseconds: NOW + 5 });
  expect([refreshToken.isExpired(NOW + 4), refreshToken.isExpired(NOW + 5)]).toEqual([false, true]);
});

describe('an application', () => {
  test('allows the scopes it is registered for; without any registered, all; with an empty list, none', () => {
    const allows = (scope: string | null, scopes: string[]) => Application.fromJson({ scope }).allowsScopes(scopes);
    expect([
      allows('a b', ['a']),
      allows('a b', ['a', 'c']),
      allows('a b', []),
      allows(null, ['x']),
      allows('', ['x']),
    ]).toEqual([true, false, true, true, false]);
  });

  test('allows exactly the grant types it is registered for', () => {
    const application = Application.fromJson({ grantTypes: 'client_credentials refresh_token' });
    expect(
      ['client_credentials', 'refresh_token', 'refresh', 'password', ''].map((type) =>
        application.allowsGrantType(type),
      ),
    ).toEqual([true, true, false, false, false]);
  });

  const PUBLIC_KEY = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  const good: NewApplication = { name: 'demo', grantTypes: ['client_credentials'] };

  test('is confidential, with any scope and without owner, unless told otherwise', () => {
    expect(applicationColumns(good)).toEqual({
      name: 'demo',
      clientType: 'confidential',
      grantTypes: 'client_credentials',
      redirectUris: '',
      postLogoutRedirectUris: null,
      allowedOrigins: null,
      jwks: null,
      jwksUri: null,
      scope: null,
      registeredBy: 'host',
      userId: null,
      skipAuthorization: false,
      mayIntrospect: false,
      dpopBoundAccessTokens: false,
      certificateBoundAccessTokens: false,
      requirePushedAuthorizationRequests: false,
      requireAuthTime: false,
      defaultMaxAgeSeconds: null,
      idTokenSignedResponseAlg: null,
      tokenEndpointAuthMethod: null,
      tokenEndpointAuthSigningAlg: null,
      accessTokenLifetimeSeconds: null,
      refreshTokenLifetimeSeconds: null,
      refreshTokenIdleSeconds: null,
      idTokenLifetimeSeconds: null,
    });
    expect(applicationColumns({ ...good, scopes: ['read write', 'read'] }).scope).toBe('read write');
    expect(applicationColumns({ ...good, scopes: [] }).scope).toBe('');
  });

  test.each<[string, Record<string, unknown>]>([
    ['name', { name: ' ' }],
    ['name', { name: undefined }],
    ['name', { name: 'x'.repeat(256) }],
    ['clientType', { clientType: 'secret' }],
    ['grantTypes', { grantTypes: [] }],
    ['grantTypes', { grantTypes: 'client_credentials' }],
    ['grantTypes', { grantTypes: ['password'] }],
    ['grantTypes', { grantTypes: ['implicit'] }],
    ['grantTypes', { clientType: 'public' }],
    ['redirectUris', { grantTypes: ['authorization_code'] }],
    ['redirectUris', { redirectUris: 'https://a.example' }],
    ['redirectUris', { redirectUris: ['/relative'] }],
    ['redirectUris', { redirectUris: ['https://a.example/#fragment'] }],
    ['redirectUris', { redirectUris: ['https://a.example/ b'] }],
    ['redirectUris', { redirectUris: ['javascript:alert(1)'] }],
    ['redirectUris', { redirectUris: ['http://a.example/cb'] }],
    ['redirectUris', { redirectUris: ['com.example.app:/cb'] }],
    ['postLogoutRedirectUris', { postLogoutRedirectUris: ['https://a.example/#fragment'] }],
    ['jwks', { jwks: 'https://a.example/jwks' }],
    ['jwks', { jwks: {} }],
    ['jwks', { jwks: { keys: [] } }],
    ['jwks', { jwks: { keys: [null] } }],
    ['jwks', { jwks: { keys: [{ kty: 'RSA', n: 'n' }] } }],
    ['jwks', { jwks: { keys: [{ kty: '__proto__', n: 'n' }] } }],
    ['jwks', { jwks: { keys: [PUBLIC_KEY] }, jwksUri: 'https://a.example/jwks' }],
    ['jwks', { jwks: { keys: [PUBLIC_KEY] }, clientType: 'public', grantTypes: ['refresh_token'] }],
    ['jwks', { jwks: { keys: [{ ...PUBLIC_KEY, padding: 'x'.repeat(40_000) }] } }],
    ['jwksUri', { jwksUri: 'http://a.example/jwks' }],
    ['jwksUri', { jwksUri: 'https://user@a.example/jwks' }],
    ['jwksUri', { jwksUri: 'https://a.example/jwks#key' }],
    ['mayIntrospect', { mayIntrospect: 1 }],
    ['dpopBoundAccessTokens', { dpopBoundAccessTokens: 'true' }],
    ['requirePushedAuthorizationRequests', { requirePushedAuthorizationRequests: 1 }],
    ['requireAuthTime', { requireAuthTime: 'yes' }],
    ['defaultMaxAgeSeconds', { defaultMaxAgeSeconds: -1 }],
    ['defaultMaxAgeSeconds', { defaultMaxAgeSeconds: 2 ** 31 }],
    ['idTokenSignedResponseAlg', { idTokenSignedResponseAlg: 'HS256' }],
    ['tokenEndpointAuthMethod', { tokenEndpointAuthMethod: 'client_secret_jwt' }],
    ['tokenEndpointAuthMethod', { tokenEndpointAuthMethod: 'client_secret_post', jwks: { keys: [PUBLIC_KEY] } }],
    ['tokenEndpointAuthSigningAlg', { tokenEndpointAuthSigningAlg: 'ES256' }],
    ['scopes', { scopes: 'read' }],
    ['scopes', { scopes: ['a"b'] }],
    ['clientId', { clientId: '' }],
    ['clientId', { clientId: 'trailing ' }],
    ['clientId', { clientId: 'ümlaut' }],
    ['skipAuthorization', { skipAuthorization: 'yes' }],
  ])('with a bad %s (%p) is refused by its name', (option, columns) => {
    const attempt = () => applicationColumns({ ...good, ...columns } as NewApplication);
    expect(attempt).toThrow(ConfigurationError);
    expect(attempt).toThrow(`application.${option}`);
  });

  test.each([
    { ...PUBLIC_KEY, d: 'the-private-part' },
    { kty: 'oct', k: 'the-private-part' },
  ])('a private or symmetric key among its keys is refused, and not shown', (key) => {
    const attempt = () => applicationColumns({ ...good, jwks: { keys: [PUBLIC_KEY, key] } });
    expect(attempt).toThrow(/application\.jwks\.keys\[1\] cannot be an object: it is a private or symmetric key/);
    expect(attempt).not.toThrow(/the-private-part/);
  });

  test('keeps its public keys as JSON', () => {
    const { jwks } = applicationColumns({ ...good, jwks: { keys: [PUBLIC_KEY] } });
    expect(JSON.parse(jwks as string)).toEqual({ keys: [PUBLIC_KEY] });
  });

  test('has an identifier of printable ASCII', () => {
    expect(['a', 'A b', '\0', 'a\nb', '', 'é', 'x'.repeat(256), 5].map(isClientId)).toEqual([
      true,
      true,
      ...Array(6).fill(false),
    ]);
  });
});

describe('table names', () => {
  test('are completed with the defaults', () => {
    expect(completeTableNames({ consents: 'my_consents' })).toEqual({
      ...DEFAULT_TABLE_NAMES,
      consents: 'my_consents',
    });
    expect(completeTableNames({ consents: undefined })).toEqual(DEFAULT_TABLE_NAMES);
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ consents: 'a b' }, /tables\.consents/],
    [{ consents: 'x`; DROP TABLE users' }, /tables\.consents/],
    [{ consents: 'x'.repeat(33) }, /at most 32/],
    [{ consents: '' }, /tables\.consents/],
    [{ consents: 5 }, /tables\.consents/],
    [{ tokens: 'x' }, /tables\.tokens cannot be set/],
    [
      { consents: 'OAuth2_Applications' },
      /tables\.consents cannot be a string: tables\.applications has the same name/,
    ],
  ])('%p is refused', (names, message) => {
    expect(() => completeTableNames(names)).toThrow(ConfigurationError);
    expect(() => completeTableNames(names)).toThrow(message);
  });
});
