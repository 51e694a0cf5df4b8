import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../../src/core/logger.js';
import { type AuthorizationServerOptions, authorizationServer } from '../../../../src/public/authorization-server.js';
import { ConfigurationError, createOAuth2, type OAuth2Options } from '../../../../src/public/index.js';

const KEY = randomBytes(32);

function make(options: Partial<AuthorizationServerOptions>) {
  return authorizationServer({ issuer: 'https://auth.example.com', encryptionKeys: [KEY], ...options });
}

const anything = (value: unknown): never => value as never;

describe('authorizationServer(options)', () => {
  test('knows its pages by name, and takes functions for them', () => {
    expect(() => make({ pages: anything({ logim: () => '' }) })).toThrow(/authorizationServer\.pages\.logim .*login/);
    expect(() => make({ pages: anything({ login: '<html>' }) })).toThrow(/authorizationServer\.pages\.login cannot be/);
    expect(() => make({ pages: { login: () => '<html>' } })).not.toThrow();
  });

  test('takes the least: an issuer and a key', () => {
    expect(() => make({})).not.toThrow();
  });

  test.each<[option: string, options: Partial<AuthorizationServerOptions>, fix: RegExp]>([
    ['issuer', { issuer: 'https://auth.example.com/' }, /no slash at the end/],
    ['issuer', { issuer: 'https://auth.example.com?x=1' }, /no query/],
    ['issuer', { issuer: 'https://auth.example.com#x' }, /no fragment/],
    ['issuer', { issuer: 'https://AUTH.example.com' }, /give the https origin/],
    ['issuer', { issuer: 'https://auth.example.com:443' }, /give the https origin/],
    ['issuer', { issuer: 'https://a:b@auth.example.com' }, /leave out user name and password/],
    ['issuer', { issuer: 'http://auth.example.com' }, /use https/],
    ['issuer', { issuer: 'ftp://auth.example.com' }, /give the https origin/],
    ['issuer', { issuer: anything(7) }, /give the https origin/],
    ['prefix', { prefix: 'oauth2' }, /without a slash at the end/],
    ['prefix', { prefix: '/oauth2/' }, /without a slash at the end/],
    ['prefix', { prefix: '/' }, /without a slash at the end/],
    ['authorizationCodeLifetimeSeconds', { authorizationCodeLifetimeSeconds: 61 }, /at most 60/],
    ['refreshTokenIdleSeconds', { refreshTokenIdleSeconds: 0 }, /at least 1/],
    ['refreshGraceSeconds', { refreshGraceSeconds: -1 }, /at least 0/],
    ['idTokenLifetimeSeconds', { idTokenLifetimeSeconds: 40 * 86_400 }, /keys are published/],
    ['accessTokenLifetimeSeconds', { accessTokenLifetimeSeconds: 1.5 }, /whole number/],
    ['defaultScopes', { defaultScopes: ['a b'] }, /one scope name/],
    ['defaultScopes', { defaultScopes: anything('read') }, /a list/],
    ['authenticate', { authenticate: anything('yes') }, /a function/],
    ['login', { login: anything({ url: '/login' }) }, /the functions url/],
    [
      'login.authenticatedAtMilliseconds',
      {
        authenticate: undefined,
        login: anything({ url: () => '/', userId: () => 'a', authenticatedAtMilliseconds: 5 }),
      },
      /give a function/,
    ],
    ['resources', { resources: { 'api#x': { scopes: [] } } }, /absolute URI without a fragment/],
    [
      'accessTokens',
      { resources: anything({ 'https://a.example': { scopes: [], accessTokens: 'JWT' } }) },
      /accessTokens cannot be "JWT": use 'opaque' or 'jwt'/,
    ],
    [
      'accessTokenAlgorithm',
      { resources: anything({ 'https://a.example': { scopes: [], accessTokenAlgorithm: 'HS256' } }) },
      /accessTokenAlgorithm cannot be .*: use 'RS256' or 'ES256'/,
    ],
    [
      'accessTokenLifetimeSeconds',
      {
        resources: { 'https://a.example': { scopes: [], accessTokens: 'jwt', accessTokenLifetimeSeconds: 9_000_000 } },
      },
      /accessTokenLifetimeSeconds cannot be 9000000: a JWT lives 2592000 seconds at most/,
    ],
    ['throttling.tokens', { throttling: anything({ tokens: '1/m' }) }, /known are token/],
    ['dynamicRegistration', { dynamicRegistration: anything(true) }, /give false, or an object/],
    ['isuer', anything({ isuer: 'x' }), /known are issuer/],
  ])('names %s in %j, and says what to write', (option, options, fix) => {
    expect(() => make(options)).toThrow(ConfigurationError);
    expect(() => make(options)).toThrow(new RegExp(option.replace(/[.[\]]/g, '.')));
    expect(() => make(options)).toThrow(fix);
  });

  test('reads a rate as throttling does, and refuses another period', () => {
    expect(() => make({ throttling: { token: '5/month' } })).toThrow(/authorizationServer\.throttling\.token/);
  });

  test('shows neither a key nor a token in a message', () => {
    const secret = randomBytes(16).toString('base64url');
    const wrong: Partial<AuthorizationServerOptions>[] = [
      { encryptionKeys: [secret] },
      { encryptionKeys: anything(secret) },
      { dynamicRegistration: { initialAccessToken: secret.slice(0, 10) } },
      { dynamicRegistration: anything({ initialToken: secret }) },
    ];
    for (const options of wrong) {
      let message = '';
      try {
        make(options);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain('ConfigurationError');
      expect(message).not.toContain(secret.slice(0, 10));
    }
  });
});

describe('createOAuth2({ authorizationServer })', () => {
  const base: OAuth2Options = { database: ':memory:', logger: silentLogger };

  test('refuses the options themselves in place of authorizationServer(options), and shows none of them', async () => {
    const create = () => createOAuth2({ ...base, authorizationServer: anything({ encryptionKeys: ['a secret'] }) });
    expect(create).toThrow(/imported from 'routing-controllers-oauth2\/authorization-server'/);
    expect(create).not.toThrow(/a secret/);
  });

  test('needs the scopes, since they are what is granted', () => {
    expect(() => createOAuth2({ ...base, authorizationServer: make({}) })).toThrow(
      /The option scopes cannot be undefined: an authorization server needs it/,
    );
  });

  test('refuses a default scope that nothing describes', () => {
    const create = () =>
      createOAuth2({ ...base, scopes: { read: 'Read' }, authorizationServer: make({ defaultScopes: ['write'] }) });
    expect(create).toThrow(/defaultScopes\[0\] cannot be .*: describe it in the option scopes/);
  });

  test('has no authorization server without the option', async () => {
    const oauth2 = createOAuth2(base);
    expect(oauth2.authorizationServer).toBeUndefined();
    await oauth2.close();
  });
});
