import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from 'jose';
import { authorization } from '../../support/authorization.js';
import { basic, type TestClient } from '../../support/authorization-server.js';
import { STACKS } from '../../support/bookstore.js';
import {
  DEVICE_CODE,
  expectError,
  FOR_USERS,
  useAuthorizationServer,
} from '../../support/spec/authorization-server.js';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const MACHINE = { client_name: 'Machine', grant_types: ['client_credentials'], response_types: [], scope: 'read' };
const WEB = {
  client_name: 'Web',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  redirect_uris: FOR_USERS.redirectUris,
  scope: 'openid read',
};
/** What is answered to everybody who asks for nothing else. */
const DEFAULTS = {
  dpop_bound_access_tokens: false,
  require_pushed_authorization_requests: false,
  require_auth_time: false,
  id_token_signed_response_alg: 'RS256',
};

describe.each(STACKS)('metadata of a registration, on %s', (name) => {
  const suite = useAuthorizationServer(name, {
    options: {
      dynamicRegistration: {
        scopes: ['openid', 'offline_access', 'read', 'write', 'api'],
        grantTypes: ['authorization_code', 'refresh_token', DEVICE_CODE, 'client_credentials'],
      },
    },
  });
  const send = (metadata: object) =>
    suite.send('/oauth2/register', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(metadata),
    });
  async function register(metadata: object): Promise<{ client: TestClient; body: Readonly<Record<string, unknown>> }> {
    const { status, body } = await send(metadata);
    expect([status, body]).toEqual([201, expect.any(Object)]);
    return { body, client: { clientId: String(body.client_id), clientSecret: String(body.client_secret ?? '') } };
  }
  const proofBy = async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    return () =>
      new SignJWT({ htm: 'POST', htu: `${suite.url}/oauth2/token`, jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt(Math.floor(Date.now() / 1000))
        .sign(privateKey);
  };
  const tokenWith = (client: TestClient, dpop: string, form: Readonly<Record<string, string>>) =>
    suite.send('/oauth2/token', {
      method: 'POST',
      headers: { dpop, authorization: basic(client) },
      body: new URLSearchParams(form),
    });

  test('[AS-61 RFC 7591 §3.2.1] the answer is what was stored: what is for people, or is not known, is left out', async () => {
    const { body } = await register({
      ...WEB,
      application_type: 'native',
      client_uri: 'https://app.example.com',
      logo_uri: 'https://app.example.com/logo',
      tos_uri: 'no URI at all',
      policy_uri: 5,
      contacts: ['someone@example.com'],
      initiate_login_uri: 'https://app.example.com/login',
      backchannel_logout_uri: 'https://app.example.com/logout',
      software_id: 'x',
      software_version: '1',
      'client_name#de': 'Netz',
      token_endpoint_auth_method: 'client_secret_post',
      jwks: { keys: [] },
      unheard_of: true,
      tls_client_certificate_bound_access_tokens: false,
      require_signed_request_object: false,
      userinfo_signed_response_alg: 'none',
    });
    expect(body).toEqual({
      client_id: expect.any(String),
      client_id_issued_at: expect.any(Number),
      client_secret: expect.any(String),
      client_secret_expires_at: 0,
      client_name: 'Web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      redirect_uris: FOR_USERS.redirectUris,
      post_logout_redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'openid read',
      ...DEFAULTS,
    });
    const stored = await suite.server.oauth2.applications.findByClientId(String(body.client_id));
    expect(stored).toMatchObject({ tokenEndpointAuthMethod: 'client_secret_post', jwks: null, jwksUri: null });
  });

  test.each([
    ['half of a character, which is stored as something else', 'a\ud800b'],
    ['a line of its own', 'Machine\nx  admin  enabled'],
    ['what a terminal obeys', 'Machine\u001b[2J'],
    ['the same in one character', 'Machine\u009b2J'],
    ['another order than it is written in', 'Machine \u202eelgoog'],
  ])('[AS-61 RFC 7591 §5] a name with %s is refused, and nothing is registered', async (_what, client_name) => {
    const before = (await suite.server.oauth2.applications.list()).length;
    const answer = await send({ ...WEB, client_name });
    expectError(answer, 400, 'invalid_client_metadata');
    expect(answer.body.error_description).toContain('client_name');
    expect(await suite.server.oauth2.applications.list()).toHaveLength(before);
  });

  test('[AS-61 RFC 7591 §3.2.1] a name in any script is stored and answered as it is', async () => {
    for (const client_name of ['Bücher 📚', 'دفتر', '図書館', 'می‌خواهم']) {
      const { body, client } = await register({ ...WEB, client_name });
      const stored = await suite.server.oauth2.applications.findByClientId(client.clientId);
      expect([body.client_name, stored?.name]).toEqual([client_name, client_name]);
    }
  });

  test('[AS-61 RFC 7591 §3.2.1] what was stored is answered, and obeyed by every process from the row', async () => {
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one' }] };
    const kept = {
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      require_auth_time: true,
      default_max_age: 0,
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'RS256',
      jwks,
      post_logout_redirect_uris: ['https://app.example.com/bye'],
    };
    const { body, client } = await register({ ...WEB, ...kept });
    expect(body).toMatchObject(kept);
    expect(body).not.toHaveProperty('client_secret');
    expect(body).not.toHaveProperty('client_secret_expires_at');
    expect(await suite.server.oauth2.applications.findByClientId(client.clientId)).toMatchObject({
      dpopBoundAccessTokens: true,
      requirePushedAuthorizationRequests: true,
      requireAuthTime: true,
      defaultMaxAgeSeconds: 0,
      idTokenSignedResponseAlg: 'ES256',
      tokenEndpointAuthSigningAlg: 'RS256',
    });
  });

  test('[AS-61 RFC 9449 §5.2] an application that asked for bound tokens gets no other, by any grant', async () => {
    const { client: machine } = await register({ ...MACHINE, dpop_bound_access_tokens: true });
    const own = { grant_type: 'client_credentials', scope: 'read' };
    expectError(await suite.token(own, machine), 400, 'invalid_grant');
    const proof = await proofBy();
    const bound = await tokenWith(machine, await proof(), own);
    expect([bound.status, bound.body.token_type]).toEqual([200, 'DPoP']);

    const { client: web } = await register({ ...WEB, dpop_bound_access_tokens: true });
    expectError(await suite.exchange(web, await suite.code(web)), 400, 'invalid_grant');
    const { code, verifier } = await suite.code(web);
    const tokens = await tokenWith(web, await proof(), {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: FOR_USERS.redirectUris[0] as string,
    });
    expect([tokens.status, tokens.body.token_type]).toEqual([200, 'DPoP']);
    expectError(await suite.refresh(web, String(tokens.body.refresh_token)), 400, 'invalid_grant');
  });

  test('[AS-61 RFC 9126 §6] an application that asked for pushed requests only is refused without', async () => {
    const { client } = await register({ ...WEB, require_pushed_authorization_requests: true });
    const { query } = authorization(client, { scope: 'read' });
    const visit = await suite.agent().get(`/oauth2/authorize?${query}`);
    expect(visit.body).not.toContain('name="password"');
    const pushed = await suite.post('/oauth2/par', query.toString(), client);
    expect(pushed.status).toBe(201);
    const by = new URLSearchParams({ client_id: client.clientId, request_uri: String(pushed.body.request_uri) });
    expect((await suite.agent().get(`/oauth2/authorize?${by}`)).body).toContain('name="password"');
  });

  test.each(['RS256', 'ES256'])(
    '[AS-61 AS-43 OpenID Registration §2] ID tokens are signed by %s where that was asked for',
    async (alg) => {
      const { client } = await register({ ...WEB, id_token_signed_response_alg: alg });
      const tokens = await suite.tokens(client, { scope: 'openid' });
      const idToken = tokens.id_token as string;
      expect(decodeProtectedHeader(idToken).alg).toBe(alg);
      const keys = createLocalJWKSet((await suite.send('/oauth2/jwks')).body as never);
      await jwtVerify(idToken, keys, { issuer: suite.url, audience: client.clientId });
      const metadata = await suite.send('/.well-known/openid-configuration');
      expect(metadata.body.id_token_signing_alg_values_supported).toContain(alg);
      const refreshed = await suite.refresh(client, tokens.refresh_token, { scope: 'openid' });
      expect(decodeProtectedHeader(String(refreshed.body.id_token)).alg).toBe(alg);
    },
  );

  test('[AS-43 OpenID Discovery §3] no algorithm is advertised that there is no key for', async () => {
    const { body } = await suite.send('/.well-known/openid-configuration');
    const { body: jwks } = await suite.send('/oauth2/jwks');
    const algorithms = (jwks.keys as { alg: string }[]).map(({ alg }) => alg);
    expect([...algorithms].sort()).toEqual([...(body.id_token_signing_alg_values_supported as string[])].sort());
    for (const alg of ['HS256', 'none', 'PS256', 'EdDSA']) {
      expectError(await send({ ...WEB, id_token_signed_response_alg: alg }), 400, 'invalid_client_metadata');
    }
  });

  test('[AS-61 OpenID Registration §2] default_max_age and require_auth_time hold for requests that say nothing', async () => {
    const { client: plain } = await register(WEB);
    expect(decodeJwt((await suite.tokens(plain, { scope: 'openid' })).id_token as string)).not.toHaveProperty(
      'auth_time',
    );
    const { client: timed } = await register({ ...WEB, require_auth_time: true });
    const { id_token } = await suite.tokens(timed, { scope: 'openid' });
    expect(decodeJwt(id_token as string).auth_time).toEqual(expect.any(Number));

    const { client: recent } = await register({ ...WEB, default_max_age: 100 });
    const agent = suite.agent();
    await suite.code(recent, { scope: 'openid' }, { agent });
    const ask = () => agent.get(`/oauth2/authorize?${authorization(recent, { scope: 'openid' }).query}`);
    expect((await ask()).body).not.toContain('name="password"');
    suite.clock.offsetSeconds += 200;
    expect((await ask()).body).toContain('name="password"');
  });

  test('[AS-61 RFC 7591 §2] the algorithm that an application signs assertions with is the only one', async () => {
    const ec = await generateKeyPair('ES256');
    const rsa = await generateKeyPair('RS256');
    const keys = [
      { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
      { ...(await exportJWK(rsa.publicKey)), kid: 'rsa' },
    ];
    const { client } = await register({
      ...MACHINE,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys },
    });
    const status = async (alg: string, kid: string, { privateKey }: Awaited<ReturnType<typeof generateKeyPair>>) => {
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg, kid })
        .setIssuer(client.clientId)
        .setSubject(client.clientId)
        .setAudience(suite.url)
        .setExpirationTime(Math.floor(Date.now() / 1000) + 60)
        .sign(privateKey);
      const form = { client_assertion_type: ASSERTION, client_assertion: assertion };
      return (await suite.token({ grant_type: 'client_credentials', scope: 'read', ...form })).status;
    };
    expect([await status('ES256', 'ec', ec), await status('RS256', 'rsa', rsa)]).toEqual([200, 401]);
  });

  test.each([
    ['tls_client_certificate_bound_access_tokens', true],
    ['require_signed_request_object', true],
    ['id_token_encrypted_response_alg', 'RSA-OAEP-256'],
    ['userinfo_signed_response_alg', 'RS256'],
    ['userinfo_encrypted_response_alg', 'RSA-OAEP-256'],
    ['introspection_signed_response_alg', 'RS256'],
    ['authorization_signed_response_alg', 'RS256'],
    ['authorization_encrypted_response_alg', 'RSA-OAEP-256'],
    ['default_acr_values', ['urn:mfa']],
    ['response_modes', ['form_post']],
    ['subject_type', 'pairwise'],
    ['default_max_age', -1],
    ['default_max_age', 1e12],
    ['dpop_bound_access_tokens', 'true'],
    ['require_pushed_authorization_requests', 1],
    ['token_endpoint_auth_signing_alg', 'HS256'],
  ])(
    '[AS-61 RFC 7591 §3.2.2] %s: %j would be a protection that is not there, and is refused by name',
    async (member, value) => {
      const answer = await send({ ...WEB, [member]: value });
      expectError(answer, 400, 'invalid_client_metadata');
      expect(String(answer.body.error_description)).toContain(member);
    },
  );

  test('[AS-44 AS-61 OpenID Registration §5] sector_identifier_uri is not kept, and so is never fetched', async () => {
    let connections = 0;
    const listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as { port: number };
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      const { body } = await register({ ...WEB, sector_identifier_uri: `https://${host}:${port}/uris` });
      expect(body).not.toHaveProperty('sector_identifier_uri');
    }
    expect(connections).toBe(0);
    await new Promise((resolve) => listener.close(resolve));
  });

  test("[AS-61 RFC 9449 §5.2] the host's own code sets the same, and takes it back", async () => {
    const { applications } = suite.server.oauth2;
    const client = await suite.server.register({ dpopBoundAccessTokens: true });
    const own = { grant_type: 'client_credentials', scope: 'read' };
    expectError(await suite.token(own, client), 400, 'invalid_grant');
    const patched = await applications.update(client.clientId, { dpopBoundAccessTokens: false, name: 'Plain' });
    expect([patched?.dpopBoundAccessTokens, patched?.name]).toEqual([false, 'Plain']);
    suite.clock.offsetSeconds += 2;
    expect((await suite.token(own, client)).status).toBe(200);
    await applications.update(client.clientId, { idTokenSignedResponseAlg: 'ES256', defaultMaxAgeSeconds: 60 });
    const again = await applications.update(client.clientId, { defaultMaxAgeSeconds: null });
    expect([again?.idTokenSignedResponseAlg, again?.defaultMaxAgeSeconds]).toEqual(['ES256', null]);
    await expect(
      applications.update(client.clientId, { idTokenSignedResponseAlg: 'HS256' as 'ES256' }),
    ).rejects.toThrow('application.idTokenSignedResponseAlg');
    await expect(applications.update(client.clientId, { tokenEndpointAuthSigningAlg: 'ES256' })).rejects.toThrow(
      'application.tokenEndpointAuthSigningAlg',
    );
  });
});
