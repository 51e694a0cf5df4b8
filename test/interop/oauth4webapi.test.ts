import { beforeAll, describe, expect, test } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { startAuthorizationServer, type TestClient } from '../support/authorization-server.js';
import { approveDevice, arrive, changed, FOR_PEOPLE, REDIRECT_URI, tampered, useSite } from './site.js';

const INSECURE = { [oauth.allowInsecureRequests]: true };
const SCOPE = 'openid read';

describe('oauth4webapi against the authorization server', () => {
  const site = useSite('sqlite');
  let as: oauth.AuthorizationServer;
  let app: TestClient;
  let client: oauth.Client;
  const none = oauth.None();
  beforeAll(async () => {
    as = await discover('oidc');
    app = await site.server.register({ ...FOR_PEOPLE, clientType: 'public' });
    client = { client_id: app.clientId };
  });

  async function discover(algorithm: 'oidc' | 'oauth2', url = site.server.url): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(url);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE }));
  }

  interface SignIn {
    readonly callback: URL;
    readonly verifier: string;
    readonly state: string;
    readonly nonce: string;
  }
  async function request(): Promise<Omit<SignIn, 'callback'> & { readonly parameters: Record<string, string> }> {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const nonce = oauth.generateRandomNonce();
    const parameters = {
      client_id: client.client_id,
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: SCOPE,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    };
    return { parameters, verifier, state, nonce };
  }
  function authorizeUrl(parameters: Record<string, string>, server = as): URL {
    const url = new URL(server.authorization_endpoint as string);
    url.search = new URLSearchParams(parameters).toString();
    return url;
  }
  async function signIn(): Promise<SignIn> {
    const { parameters, ...rest } = await request();
    return { callback: await arrive(site.server, authorizeUrl(parameters)), ...rest };
  }
  /** Validates the response of the authorization endpoint, and exchanges its code. */
  async function exchange(
    { callback, verifier, state }: SignIn,
    options: oauth.TokenEndpointRequestOptions = {},
  ): Promise<Response> {
    const parameters = oauth.validateAuthResponse(as, client, callback, state);
    const all = { ...options, ...INSECURE };
    return oauth.authorizationCodeGrantRequest(as, client, none, parameters, REDIRECT_URI, verifier, all);
  }
  async function tokensOf(signedIn: SignIn, response: Response): Promise<oauth.TokenEndpointResponse> {
    const expected = { expectedNonce: signedIn.nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, expected);
    await oauth.validateApplicationLevelSignature(as, response, INSECURE);
    return tokens;
  }

  test('both well-known documents are the same metadata', async () => {
    expect(await discover('oauth2')).toEqual(as);
    expect(as.issuer).toBe(site.server.url);
  });

  test('code, ID token, userinfo and refresh', async () => {
    const signedIn = await signIn();
    const tokens = await tokensOf(signedIn, await exchange(signedIn));
    expect(oauth.getValidatedIdTokenClaims(tokens)).toMatchObject({ sub: 'alice', iss: as.issuer, aud: app.clientId });
    const userinfo = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE);
    expect(await oauth.processUserInfoResponse(as, client, 'alice', userinfo)).toEqual({ sub: 'alice' });
    await expect(
      oauth.processUserInfoResponse(
        as,
        client,
        'bob',
        await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE),
      ),
    ).rejects.toMatchObject({ code: oauth.JSON_ATTRIBUTE_COMPARISON });
    const answer = await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token as string, INSECURE);
    const refreshed = await oauth.processRefreshTokenResponse(as, client, answer);
    await oauth.validateApplicationLevelSignature(as, answer, INSECURE);
    const books = await oauth.protectedResourceRequest(
      refreshed.access_token,
      'GET',
      site.books(),
      undefined,
      undefined,
      INSECURE,
    );
    expect(await books.json()).toEqual({ books: ['Persuasion'] });
  });

  test('a pushed request, its code bound to a DPoP key from the start (RFC 9449 §10)', async () => {
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const { parameters, ...rest } = await request();
    const bound = { DPoP, ...INSECURE };
    const pushed = await oauth.processPushedAuthorizationResponse(
      as,
      client,
      await oauth.pushedAuthorizationRequest(as, client, none, parameters, bound),
    );
    const url = authorizeUrl({ client_id: app.clientId, request_uri: pushed.request_uri });
    const signedIn = { callback: await arrive(site.server, url), ...rest };
    await expect(
      exchange(signedIn).then((response) => oauth.processAuthorizationCodeResponse(as, client, response)),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
    const tokens = await tokensOf(signedIn, await exchange(signedIn, { DPoP }));
    expect(tokens.token_type).toBe('dpop');
    const unbound = oauth.protectedResourceRequest(
      tokens.access_token,
      'GET',
      site.books(),
      undefined,
      undefined,
      INSECURE,
    );
    await expect(unbound).rejects.toMatchObject({ code: oauth.WWW_AUTHENTICATE_CHALLENGE, status: 401 });
    // A refresh token of a public application is bound as well (RFC 9449 §5).
    const refresh = async (options: oauth.TokenEndpointRequestOptions) =>
      oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token as string, {
          ...options,
          ...INSECURE,
        }),
      );
    await expect(refresh({})).rejects.toMatchObject({ error: 'invalid_grant' });
    const other = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    await expect(refresh({ DPoP: other })).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await refresh({ DPoP })).token_type).toBe('dpop');
  });

  test('a device that is not approved yet is told to wait, and then gets its tokens', async () => {
    const asked = await oauth.deviceAuthorizationRequest(as, client, none, { scope: SCOPE }, INSECURE);
    const device = await oauth.processDeviceAuthorizationResponse(as, client, asked);
    const poll = async () =>
      oauth.processDeviceCodeResponse(
        as,
        client,
        await oauth.deviceCodeGrantRequest(as, client, none, device.device_code, INSECURE),
      );
    await expect(poll()).rejects.toMatchObject({ error: 'authorization_pending' });
    await approveDevice(site.server, device.verification_uri_complete as string);
    expect(oauth.getValidatedIdTokenClaims(await poll())?.sub).toBe('alice');
    await expect(poll()).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  test('private_key_jwt, introspection and revocation', async () => {
    const { privateKey, publicKey } = await oauth.generateKeyPair('ES256', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey as Parameters<typeof crypto.subtle.exportKey>[1]);
    const { clientId } = await site.server.register({
      jwks: { keys: [{ ...jwk, alg: 'ES256', use: 'sig' }] } as never,
    });
    const machine: oauth.Client = { client_id: clientId };
    const keys = oauth.PrivateKeyJwt(privateKey);
    const scope = { scope: 'read' };
    const { access_token: token } = await oauth.processClientCredentialsResponse(
      as,
      machine,
      await oauth.clientCredentialsGrantRequest(as, machine, keys, scope, INSECURE),
    );
    const introspect = async () =>
      oauth.processIntrospectionResponse(
        as,
        machine,
        await oauth.introspectionRequest(as, machine, keys, token, INSECURE),
      );
    expect(await introspect()).toMatchObject({ active: true, client_id: clientId, scope: 'read' });
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, machine, keys, token, INSECURE));
    expect(await introspect()).toEqual({ active: false });
  });

  describe('refuses', () => {
    test.each([
      ['another issuer', { iss: 'https://as.example.com' }],
      ['no issuer', { iss: undefined }],
      ['another state', { state: 'another' }],
      ['two responses in one', { error: 'access_denied' }],
    ])('%s', async (name, change) => {
      const { callback, state } = await signIn();
      const validate = (url: URL) => oauth.validateAuthResponse(as, client, url, state);
      expect(validate(callback).get('code')).toEqual(expect.any(String));
      expect(() => validate(changed(callback, change))).toThrow(
        name === 'two responses in one' ? oauth.AuthorizationResponseError : oauth.OperationProcessingError,
      );
    });

    test('another nonce, and an ID token that was tampered with', async () => {
      const first = await signIn();
      await expect(
        tokensOf({ ...first, nonce: oauth.generateRandomNonce() }, await exchange(first)),
      ).rejects.toMatchObject({ code: oauth.JWT_CLAIM_COMPARISON });
      const second = await signIn();
      const response = await tampered(await exchange(second));
      await expect(tokensOf(second, response)).rejects.toMatchObject({
        message: expect.stringContaining('signature'),
      });
    });

    test('the response of another server (mix-up)', async () => {
      const other = await startAuthorizationServer('sqlite');
      try {
        // The worst case: the application has the same identifier at both.
        await other.register({ ...FOR_PEOPLE, clientType: 'public', clientId: app.clientId });
        const there = await discover('oidc', other.url);
        const { parameters, state } = await request();
        const callback = await arrive(other, authorizeUrl(parameters, there));
        expect(() => oauth.validateAuthResponse(as, client, callback, state)).toThrow('iss');
        expect(oauth.validateAuthResponse(there, client, callback, state).get('code')).toEqual(expect.any(String));
      } finally {
        await other.close();
      }
    });

    test('a request that is wrong: its error comes back to the application with state and issuer', async () => {
      const { parameters, state } = await request();
      const callback = await arrive(site.server, authorizeUrl({ ...parameters, scope: 'openid nonsense' }));
      expect(() => oauth.validateAuthResponse(as, client, callback, state)).toThrow(oauth.AuthorizationResponseError);
      expect(callback.searchParams.get('error')).toBe('invalid_scope');
    });
  });
});
