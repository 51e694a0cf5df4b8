import { beforeAll, describe, expect, test } from '@jest/globals';
import * as client from 'openid-client';
import { startAuthorizationServer, type TestClient } from '../support/authorization-server.js';
import { UserAgent } from '../support/user-agent.js';
import {
  AFTER_SIGN_OUT,
  approveDevice,
  arrive,
  changed,
  FOR_PEOPLE,
  REDIRECT_URI,
  signOut,
  tampered,
  useSite,
} from './site.js';

const EVERYTHING = 'openid read';

/** What the client makes of a 401: the challenge, with the response behind it. */
async function refusalOf(grant: Promise<unknown>): Promise<unknown> {
  const error = await grant.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof client.WWWAuthenticateChallengeError)) return error;
  return { status: error.status, ...((await error.response.json()) as object) };
}

describe.each(['sqlite', 'mariadb'] as const)('openid-client against the authorization server, on %s', (kind) => {
  const site = useSite(kind);
  let shop: TestClient;
  let machine: TestClient;
  beforeAll(async () => {
    shop = await site.server.register(FOR_PEOPLE);
    machine = await site.server.register();
  });

  function discover(
    { clientId }: TestClient,
    authentication: client.ClientAuth,
    algorithm: 'oidc' | 'oauth2' = 'oidc',
    url = site.server.url,
  ): Promise<client.Configuration> {
    // Signatures of ID tokens are checked too, although they come straight from the token endpoint.
    const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
    return client.discovery(new URL(url), clientId, undefined, authentication, { algorithm, execute });
  }
  const asShop = () => discover(shop, client.ClientSecretBasic(shop.clientSecret));
  const asMachine = () => discover(machine, client.ClientSecretBasic(machine.clientSecret));

  interface Attempt {
    readonly parameters: Record<string, string>;
    readonly checks: client.AuthorizationCodeGrantChecks;
  }
  async function attempt(parameters: Record<string, string> = {}): Promise<Attempt> {
    const [pkceCodeVerifier, expectedState, expectedNonce] = [
      client.randomPKCECodeVerifier(),
      client.randomState(),
      client.randomNonce(),
    ];
    return {
      parameters: {
        redirect_uri: REDIRECT_URI,
        scope: EVERYTHING,
        code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
        state: expectedState,
        nonce: expectedNonce,
        ...parameters,
      },
      checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true },
    };
  }
  /** Signs alice in; gives the callback, and what it is checked with. */
  async function signIn(config: client.Configuration, agent?: UserAgent) {
    const { parameters, checks } = await attempt();
    const callback = await arrive(site.server, client.buildAuthorizationUrl(config, parameters), agent);
    return { callback, checks };
  }
  async function tokensOf(config: client.Configuration) {
    const { callback, checks } = await signIn(config);
    return client.authorizationCodeGrant(config, callback, checks);
  }
  const callBooks = (config: client.Configuration, token: string, options?: client.DPoPOptions) =>
    client.fetchProtectedResource(config, token, site.books(), 'GET', undefined, undefined, options);

  test.each(['oidc', 'oauth2'] as const)('both well-known documents are understood (%s)', async (algorithm) => {
    const metadata = (await discover(shop, client.None(), algorithm)).serverMetadata();
    expect(metadata.issuer).toBe(site.server.url);
    expect(metadata.supportsPKCE()).toBe(true);
    expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
  });

  test('the metadata of another issuer is refused', async () => {
    const otherName = site.server.url.replace('127.0.0.1', 'localhost');
    await expect(discover(shop, client.None(), 'oidc', otherName)).rejects.toMatchObject({
      code: 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
    });
  });

  test('a code with PKCE gives an ID token that is signed, user claims, and a token that the guard takes', async () => {
    const config = await asShop();
    const tokens = await tokensOf(config);
    expect(tokens).toMatchObject({ token_type: 'bearer', scope: EVERYTHING, refresh_token: expect.any(String) });
    expect(tokens.claims()).toMatchObject({ iss: site.server.url, sub: 'alice', aud: shop.clientId });
    expect(await client.fetchUserInfo(config, tokens.access_token, 'alice')).toEqual({ sub: 'alice' });
    const answer = await callBooks(config, tokens.access_token);
    expect(await answer.json()).toEqual({ books: ['Persuasion'] });
  });

  test('a public application needs no authentication, but its verifier', async () => {
    const app = await site.server.register({ ...FOR_PEOPLE, clientType: 'public' });
    const config = await discover(app, client.None());
    expect((await tokensOf(config)).claims()?.sub).toBe('alice');
    const { callback, checks } = await signIn(config);
    await expect(
      client.authorizationCodeGrant(config, callback, { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('a refresh token is rotated, and its ID token is for the same user', async () => {
    const config = await asShop();
    const first = await tokensOf(config);
    const second = await client.refreshTokenGrant(config, first.refresh_token as string);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.claims()?.sub).toBe('alice');
    expect((await callBooks(config, second.access_token)).status).toBe(200);
    const narrowed = await client.refreshTokenGrant(config, second.refresh_token as string, { scope: 'openid' });
    expect(narrowed.scope).toBe('openid');
    await expect(callBooks(config, narrowed.access_token)).rejects.toMatchObject({ status: 403 });
  });

  test('an introspected token is active until it is revoked; then the guard refuses it too', async () => {
    const config = await asShop();
    const { access_token: token } = await tokensOf(config);
    expect(await client.tokenIntrospection(config, token)).toMatchObject({
      active: true,
      client_id: shop.clientId,
      sub: 'alice',
      iss: site.server.url,
      scope: EVERYTHING,
    });
    expect((await callBooks(config, token)).status).toBe(200);
    await client.tokenRevocation(config, token);
    expect(await client.tokenIntrospection(config, token)).toEqual({ active: false });
    await expect(callBooks(config, token)).rejects.toMatchObject({
      code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE',
      status: 401,
    });
    await expect(client.fetchUserInfo(config, token, 'alice')).rejects.toMatchObject({ status: 401 });
  });

  test('a pushed request is taken up by its reference alone', async () => {
    const config = await asShop();
    const { parameters, checks } = await attempt();
    const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const tokens = await client.authorizationCodeGrant(config, await arrive(site.server, url), checks);
    expect(tokens.claims()?.sub).toBe('alice');
  });

  test('a device gets its tokens when its user has approved it', async () => {
    const config = await asShop();
    const device = await client.initiateDeviceAuthorization(config, { scope: EVERYTHING });
    const polling = client.pollDeviceAuthorizationGrant(config, device);
    await approveDevice(site.server, device.verification_uri_complete as string);
    const tokens = await polling;
    expect(tokens.claims()?.sub).toBe('alice');
    expect((await callBooks(config, tokens.access_token)).status).toBe(200);
  });

  test('a token that is bound to a DPoP key is good at userinfo and for refreshing with that key only', async () => {
    const config = await asShop();
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const { callback, checks } = await signIn(config);
    const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP });
    expect(tokens.token_type).toBe('dpop');
    expect(await client.fetchUserInfo(config, tokens.access_token, 'alice', { DPoP })).toEqual({ sub: 'alice' });
    await expect(client.fetchUserInfo(config, tokens.access_token, 'alice')).rejects.toMatchObject({ status: 401 });
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    await expect(client.fetchUserInfo(config, tokens.access_token, 'alice', { DPoP: other })).rejects.toMatchObject({
      status: 401,
    });
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token as string, undefined, { DPoP });
    expect(refreshed.token_type).toBe('dpop');
  });

  test('a token that is bound to a DPoP key is refused under Bearer at a guarded action', async () => {
    const config = await asMachine();
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair());
    const bound = await client.clientCredentialsGrant(config, { scope: 'read' }, { DPoP });
    expect(await client.tokenIntrospection(config, bound.access_token)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: await DPoP.calculateThumbprint() },
    });
    await expect(callBooks(config, bound.access_token)).rejects.toMatchObject({ status: 401 });
    const free = await client.clientCredentialsGrant(config, { scope: 'read' });
    expect((await callBooks(config, free.access_token)).status).toBe(200);
  });

  describe('client credentials', () => {
    const GRANT = { scope: 'read' };
    const REFUSED = { status: 401, error: 'invalid_client' };

    test('by HTTP Basic and in the form', async () => {
      for (const authentication of [client.ClientSecretBasic, client.ClientSecretPost]) {
        const config = await discover(machine, authentication(machine.clientSecret));
        const { access_token: token, scope } = await client.clientCredentialsGrant(config, GRANT);
        expect(scope).toBe('read');
        expect((await callBooks(config, token)).status).toBe(200);
      }
    });

    test('by private_key_jwt', async () => {
      const { privateKey, publicKey } = await client.randomDPoPKeyPair('ES256', { extractable: true });
      const jwk = await crypto.subtle.exportKey('jwk', publicKey as Parameters<typeof crypto.subtle.exportKey>[1]);
      const keyed = await site.server.register({ jwks: { keys: [{ ...jwk, alg: 'ES256', use: 'sig' }] } as never });
      const config = await discover(keyed, client.PrivateKeyJwt(privateKey));
      const { access_token: token } = await client.clientCredentialsGrant(config, GRANT);
      expect((await callBooks(config, token)).status).toBe(200);
      const impostor = await discover(keyed, client.PrivateKeyJwt((await client.randomDPoPKeyPair()).privateKey));
      expect(await refusalOf(client.clientCredentialsGrant(impostor, GRANT))).toMatchObject(REFUSED);
    });

    test('without authentication, or with a wrong secret, there is no token', async () => {
      for (const authentication of [
        client.None(),
        client.ClientSecretPost('wrong'),
        client.ClientSecretBasic('wrong'),
      ]) {
        const config = await discover(machine, authentication);
        expect(await refusalOf(client.clientCredentialsGrant(config, GRANT))).toMatchObject(REFUSED);
      }
    });

    test('a scope that is not there is an error, not a token without it', async () => {
      const config = await asMachine();
      await expect(client.clientCredentialsGrant(config, { scope: 'read nonsense' })).rejects.toMatchObject({
        error: 'invalid_scope',
      });
    });
  });

  test('a sign-out comes back with its state, and ends the session', async () => {
    const config = await asShop();
    const agent = new UserAgent(site.server.url);
    const { callback, checks } = await signIn(config, agent);
    const tokens = await client.authorizationCodeGrant(config, callback, checks);
    const goodbye = await signOut(
      agent,
      client.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token as string,
        post_logout_redirect_uri: AFTER_SIGN_OUT,
        state: 'so long',
      }),
    );
    expect(goodbye.href).toBe(`${AFTER_SIGN_OUT}?state=so+long`);
    const silent = await attempt({ prompt: 'none', scope: 'openid read' });
    const refused = await arrive(site.server, client.buildAuthorizationUrl(config, silent.parameters), agent);
    await expect(client.authorizationCodeGrant(config, refused, silent.checks)).rejects.toMatchObject({
      error: 'login_required',
    });
  });

  describe('refuses', () => {
    let config: client.Configuration;
    beforeAll(async () => {
      config = await asShop();
    });

    test.each([
      ['another issuer in the response', { iss: 'https://as.example.com' }],
      ['no issuer in the response', { iss: undefined }],
      ['another state', { state: 'another' }],
      ['no state', { state: undefined }],
    ])('%s', async (_, change) => {
      const { callback, checks } = await signIn(config);
      const grant = client.authorizationCodeGrant(config, changed(callback, change), checks);
      await expect(grant).rejects.toMatchObject({ code: 'OAUTH_INVALID_RESPONSE' });
      // It was the change: the response itself is good.
      expect((await client.authorizationCodeGrant(config, callback, checks)).claims()?.sub).toBe('alice');
    });

    test('another nonce', async () => {
      const { callback, checks } = await signIn(config);
      const others = { ...checks, expectedNonce: client.randomNonce() };
      await expect(client.authorizationCodeGrant(config, callback, others)).rejects.toMatchObject({
        code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
      });
    });

    test('an ID token that was tampered with', async () => {
      const deceived = await asShop();
      const { callback, checks } = await signIn(deceived);
      deceived[client.customFetch] = async (url, options) => {
        const response = await fetch(url, options as RequestInit);
        return url.endsWith('/oauth2/token') ? tampered(response) : response;
      };
      await expect(client.authorizationCodeGrant(deceived, callback, checks)).rejects.toMatchObject({
        code: 'OAUTH_INVALID_RESPONSE',
        cause: { message: expect.stringContaining('signature') },
      });
    });

    test('the response of another server (mix-up)', async () => {
      const other = await startAuthorizationServer('sqlite');
      try {
        const account = await other.register(FOR_PEOPLE);
        const there = await discover(account, client.ClientSecretBasic(account.clientSecret), 'oidc', other.url);
        const { parameters, checks } = await attempt();
        const callback = await arrive(other, client.buildAuthorizationUrl(there, parameters));
        await expect(client.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({
          code: 'OAUTH_INVALID_RESPONSE',
        });
        // Not spent: who mixes servers up has told neither of them anything.
        expect((await client.authorizationCodeGrant(there, callback, checks)).claims()?.sub).toBe('alice');
      } finally {
        await other.close();
      }
    });

    test('a code that was used', async () => {
      const { callback, checks } = await signIn(config);
      const { access_token: token } = await client.authorizationCodeGrant(config, callback, checks);
      await expect(client.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({
        error: 'invalid_grant',
      });
      // And with it what it gave (RFC 6749 §4.1.2).
      expect(await client.tokenIntrospection(config, token)).toEqual({ active: false });
    });
  });
});
