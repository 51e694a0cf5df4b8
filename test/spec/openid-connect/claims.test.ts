import { describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { type AuthorizationServerOptions, authorizationServer } from '../../../src/public/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import { FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const TOLD = {
  name: 'Alice',
  nickname: 'al',
  email: 'alice@example.com',
  email_verified: true,
  department: 'Books',
  salary: 5,
  sub: 'somebody else',
  iss: 'https://other.example.com',
  aud: 'somebody',
  exp: 1,
  nonce: 'x',
  auth_time: 1,
};
const SCOPES = { read: 'Read', profile: 'Your name', email: 'Your address', staff: 'Where you work' };

/** The claims of an ID token that are not of the protocol. */
function aboutUser(idToken: string | undefined): Record<string, unknown> {
  const { iss, aud, iat, exp, at_hash, ...rest } = decodeJwt(String(idToken));
  return rest;
}

describe.each(STACKS)('claims that the host maps to scopes, on %s', (name) => {
  const asked: (readonly [unknown, readonly string[]])[] = [];
  const suite = useAuthorizationServer(name, {
    oauth2: { scopes: SCOPES },
    options: {
      claims: {
        of: (user, scopes) => {
          asked.push([(user as { id: string }).id, scopes]);
          return TOLD;
        },
        scopes: { profile: ['name'], staff: ['department'] },
        idToken: ['name', 'department', 'email'],
      },
    },
  });
  const userinfo = async (token: string) =>
    (await suite.send('/oauth2/userinfo', { headers: { authorization: `Bearer ${token}` } })).body;

  test('[OpenID Core §5.4] each is released with its scope and never without, at userinfo and in the ID token', async () => {
    const client = await suite.server.register(FOR_USERS);
    for (const [scope, told, inIdToken] of [
      ['openid', {}, {}],
      ['openid read', {}, {}],
      ['openid profile', { name: 'Alice' }, { name: 'Alice' }],
      ['openid staff', { department: 'Books' }, { department: 'Books' }],
      ['openid email', { email: TOLD.email, email_verified: true }, { email: TOLD.email }],
    ] as const) {
      const tokens = await suite.tokens(client, { scope });
      expect([scope, await userinfo(tokens.access_token)]).toEqual([scope, { sub: 'alice', ...told }]);
      expect([scope, aboutUser(tokens.id_token)]).toEqual([scope, { sub: 'alice', ...inIdToken }]);
      const refreshed = (await suite.refresh(client, tokens.refresh_token, { scope: 'openid' })).body;
      expect([scope, aboutUser(String(refreshed.id_token))]).toEqual([scope, { sub: 'alice' }]);
    }
    expect(asked).toContainEqual(['alice', ['openid', 'staff']]);
  });

  test('[AS-43 OpenID Discovery §3] the metadata name the claims and scopes that there are', async () => {
    const { body } = await suite.send('/.well-known/openid-configuration');
    const claims = body.claims_supported as string[];
    expect(claims).toEqual(expect.arrayContaining(['sub', 'name', 'department', 'email', 'email_verified']));
    for (const absent of ['nickname', 'salary', 'address', 'phone_number']) expect(claims).not.toContain(absent);
    expect(body.scopes_supported).toEqual(expect.arrayContaining(['openid', 'profile', 'email', 'staff']));
    expect(body.claims_parameter_supported).toBe(false);
  });

  test('[AS-43 OpenID Core §5.5] the parameter claims is not supported, as advertised, and gets nothing without a scope', async () => {
    const client = await suite.server.register(FOR_USERS);
    const claims = JSON.stringify({
      userinfo: { salary: null, department: { essential: true } },
      id_token: { salary: null, department: null, nickname: null },
    });
    const tokens = await suite.tokens(client, { scope: 'openid', claims });
    expect(await userinfo(tokens.access_token)).toEqual({ sub: 'alice' });
    expect(aboutUser(tokens.id_token)).toEqual({ sub: 'alice' });
  });
});

describe.each(STACKS)('claims by a function alone, on %s', (name) => {
  const suite = useAuthorizationServer(name, { oauth2: { scopes: SCOPES }, options: { claims: async () => TOLD } });

  test('[OpenID Core §5.4] are the standard ones of their scopes, at userinfo only', async () => {
    const client = await suite.server.register(FOR_USERS);
    const tokens = await suite.tokens(client, { scope: 'openid profile staff' });
    const { body } = await suite.send('/oauth2/userinfo', {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(body).toEqual({ sub: 'alice', name: 'Alice', nickname: 'al' });
    expect(aboutUser(tokens.id_token)).toEqual({ sub: 'alice' });
  });
});

describe.each(STACKS)('no claims, on %s', (name) => {
  const suite = useAuthorizationServer(name, { oauth2: { scopes: SCOPES } });

  test('[AS-43 OpenID Discovery §3] are advertised where the host tells none', async () => {
    const { body } = await suite.send('/.well-known/openid-configuration');
    expect(body.claims_supported).toEqual(expect.arrayContaining(['sub']));
    for (const absent of ['name', 'email', 'department']) expect(body.claims_supported).not.toContain(absent);
  });
});

describe('the option claims', () => {
  const make = (claims: unknown) =>
    authorizationServer({
      issuer: 'https://a.example',
      encryptionKeys: [new Uint8Array(32).fill(7)],
      claims: claims as AuthorizationServerOptions['claims'],
    });
  const of = () => ({});

  test.each([
    ['claims', 'all'],
    ['claims.of', {}],
    ['claims.of', { of: 'x' }],
    ['claims.extra', { of, extra: 1 }],
    ['claims.scopes', { of, scopes: ['profile'] }],
    ['claims.scopes.profile', { of, scopes: { profile: 'name' } }],
    ['claims.scopes.profile[1]', { of, scopes: { profile: ['name', 5] } }],
    ['claims.scopes.profile[0]', { of, scopes: { profile: ['sub'] } }],
    ['claims.scopes.staff[0]', { of, scopes: { staff: ['iss'] } }],
    ['claims.idToken', { of, idToken: 'name' }],
    ['claims.idToken[0]', { of, idToken: ['department'] }],
    ['claims.idToken[1]', { of, idToken: ['name', 'aud'] }],
  ])('[OpenID Core §5.1] authorizationServer.%s is refused by name', (path, claims) => {
    expect(() => make(claims)).toThrow(`authorizationServer.${path}`);
  });

  test('[OpenID Core §5.1] may name standard and own claims', () => {
    expect(() => make({ of, scopes: { staff: ['department'] }, idToken: ['department', 'name'] })).not.toThrow();
    expect(() => make(of)).not.toThrow();
  });
});
