import { describe, expect, test } from '@jest/globals';
import { authorization, responseOf } from '../../support/authorization.js';
import { STACKS } from '../../support/bookstore.js';
import { DEVICE_CODE, FOR_USERS, useAuthorizationServer } from '../../support/spec/authorization-server.js';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

describe.each(STACKS)('metadata, on %s', (name) => {
  const suite = useAuthorizationServer(name);

  test('[AS-43 §3] is at the well-known paths, and the issuer is exactly the configured one', async () => {
    const [oauth, openid] = [await suite.send(OAUTH), await suite.send(OPENID)];
    for (const answer of [oauth, openid]) {
      expect([answer.status, answer.body.issuer]).toEqual([200, suite.url]);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
    expect(oauth.body).toEqual(openid.body);
  });

  test('[AS-43 §2] names what is enabled, and nothing else', async () => {
    const { body } = await suite.send(OAUTH);
    const at = (path: string) => `${suite.url}/oauth2${path}`;
    expect(body).toMatchObject({
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      introspection_endpoint: at('/introspect'),
      revocation_endpoint: at('/revoke'),
      device_authorization_endpoint: at('/device_authorization'),
      pushed_authorization_request_endpoint: at('/par'),
      jwks_uri: at('/jwks'),
      userinfo_endpoint: at('/userinfo'),
      end_session_endpoint: at('/logout'),
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      subject_types_supported: ['public'],
    });
    const sorted = (list: unknown) => [...(list as string[])].sort();
    expect(sorted(body.grant_types_supported)).toEqual(
      ['authorization_code', 'client_credentials', 'refresh_token', DEVICE_CODE].sort(),
    );
    expect(sorted(body.token_endpoint_auth_methods_supported)).toEqual(
      ['client_secret_basic', 'client_secret_post', 'none', 'private_key_jwt'].sort(),
    );
    expect(sorted(body.scopes_supported)).toEqual(
      ['openid', 'offline_access', 'read', 'write', 'api', 'introspection'].sort(),
    );
    expect(body.token_endpoint_auth_signing_alg_values_supported).not.toContain('HS256');
    expect(body.dpop_signing_alg_values_supported).not.toContain('none');
    expect(body.id_token_signing_alg_values_supported).not.toContain('none');
    expect(body).not.toHaveProperty('registration_endpoint');
    expect(JSON.stringify(body)).not.toMatch(/implicit|"password"|"plain"|"id_token"|"token"/);
  });

  test('[AS-43 §2] every endpoint that it names is there, and every one that is there is named', async () => {
    const { body } = await suite.send(OAUTH);
    const named = Object.entries(body).filter(([key]) => /_endpoint$|_uri$/.test(key));
    expect(named.length).toBeGreaterThanOrEqual(9);
    for (const [key, url] of named) {
      const { status } = await fetch(String(url), { redirect: 'manual' });
      expect([key, status]).not.toEqual([key, 404]);
    }
    expect((await suite.send('/oauth2/register', { method: 'POST', body: '{}' })).status).toBe(404);
  });

  test('[AS-43 §2] response modes that are named work; others are refused', async () => {
    const { body } = await suite.send(OAUTH);
    const client = await suite.server.register(FOR_USERS);
    for (const mode of ['nonsense', 'web_message', 'jwt']) {
      if ((body.response_modes_supported as string[]).includes(mode)) continue;
      const { query } = authorization(client, { response_mode: mode, prompt: 'none' });
      const visit = await suite.agent().get(`/oauth2/authorize?${query}`);
      const text = visit.status === 400 ? visit.body : String(responseOf(visit));
      expect([mode, /invalid_request|unsupported_response_mode/.test(text)]).toEqual([mode, true]);
    }
  });

  test('[AS-43] the keys are public halves only', async () => {
    const { body, status } = await suite.send('/oauth2/jwks');
    expect(status).toBe(200);
    const keys = body.keys as Record<string, unknown>[];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: expect.any(String), kid: expect.any(String), use: 'sig' });
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
    }
  });

  test.each([OAUTH, OPENID, '/oauth2/jwks'])('[AS-43] other methods at %s are 405, with Allow', async (path) => {
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await suite.send(path, { method });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'GET, HEAD, OPTIONS']);
    }
  });
});

describe.each(STACKS)('metadata with dynamic registration and another prefix, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: { prefix: '/id', dynamicRegistration: { initialAccessToken: 'an-initial-access-token' } },
  });

  test('[AS-43 §2] says so', async () => {
    const { body } = await suite.send(OAUTH);
    expect(body).toMatchObject({
      issuer: suite.url,
      registration_endpoint: `${suite.url}/id/register`,
      token_endpoint: `${suite.url}/id/token`,
    });
    expect((await suite.send('/oauth2/token', { method: 'POST' })).status).toBe(404);
  });
});
