import * as client from 'openid-client';

/** How long the provider may take for an answer. */
const PATIENCE_SECONDS = 5;

/** What the provider has registered this server with. */
export interface Registration {
  /** The provider's issuer identifier. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the provider sends the browser back to. */
  readonly redirectUri: string;
}

/** A sign-in that has begun: what the answer is checked with. It is kept in the browser that began it. */
export interface Attempt {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly beganAtMilliseconds: number;
  /** Whether the user has to sign in at the provider now, even if a session is there. */
  readonly again: boolean;
}

/** Who has signed in, by the word of the provider. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly isEmailVerified: boolean;
  /** When the user signed in at the provider; `undefined` if it does not say. */
  readonly authenticatedAtMilliseconds: number | undefined;
}

/** The provider does not answer, or has trouble of its own. */
export class ProviderUnavailable extends Error {}

/** This server as an application of another OpenID provider. openid-client checks what the protocol requires. */
export class RelyingParty {
  private discovered: Promise<client.Configuration> | undefined;

  constructor(private readonly registration: Registration) {}

  /** @throws ProviderUnavailable */
  async begin(again: boolean): Promise<{ readonly url: URL; readonly attempt: Attempt }> {
    const attempt = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      beganAtMilliseconds: Date.now(),
      again,
    };
    const url = client.buildAuthorizationUrl(await this.configuration(), {
      redirect_uri: this.registration.redirectUri,
      scope: 'openid profile email',
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      ...(again && { prompt: 'login', max_age: '0' }),
    });
    return { url, attempt };
  }

  /**
   * Exchanges the code of an answer. The state, the issuer (RFC 9207), the verifier, and the signature, audience, nonce
   * and times of the ID token are checked.
   *
   * @param answer the URL at which the browser has come back
   * @throws ProviderUnavailable
   * @throws client.AuthorizationResponseError if the provider or its user refused
   * @throws Error of openid-client if anything is not in order
   */
  async finish(answer: URL, attempt: Attempt): Promise<Identity> {
    const { state, nonce, verifier, beganAtMilliseconds, again } = attempt;
    const configuration = await this.configuration();
    const sinceSeconds = Math.ceil((Date.now() - beganAtMilliseconds) / 1000);
    return answered(async () => {
      const tokens = await client.authorizationCodeGrant(configuration, answer, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
        // The user has signed in after this attempt began, give or take the difference of the clocks.
        ...(again && { maxAge: sinceSeconds }),
      });
      const { iss, sub, auth_time: time } = tokens.claims() as client.IDToken;
      const { name, email, email_verified } = await client.fetchUserInfo(configuration, tokens.access_token, sub);
      return {
        issuer: iss,
        subject: sub,
        name,
        email,
        isEmailVerified: email_verified === true,
        authenticatedAtMilliseconds: again ? Date.now() : time && Math.min(time * 1000, Date.now()),
      };
    });
  }

  /** The metadata of the provider, fetched when they are first needed. Its absence is no reason not to start. */
  private configuration(): Promise<client.Configuration> {
    this.discovered ??= this.discover().catch((error: unknown) => {
      this.discovered = undefined;
      throw error;
    });
    return this.discovered;
  }

  private discover(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret } = this.registration;
    const url = new URL(issuer);
    return answered(() =>
      client.discovery(url, clientId, undefined, client.ClientSecretBasic(clientSecret), {
        timeout: PATIENCE_SECONDS,
        // Signatures of ID tokens are checked too, although they come straight from the provider. Plain http is for a
        // provider on this machine.
        execute: [
          client.enableNonRepudiationChecks,
          ...(url.protocol === 'http:' && url.hostname === '127.0.0.1' ? [client.allowInsecureRequests] : []),
        ],
        [client.customFetch]: reach,
      }),
    );
  }
}

async function reach(url: string, options: client.CustomFetchOptions): Promise<Response> {
  const response = await fetch(url, options as RequestInit).catch((error: unknown) => {
    throw new ProviderUnavailable('no answer', { cause: error });
  });
  if (response.status < 500) return response;
  await response.body?.cancel();
  throw new ProviderUnavailable(`status ${response.status}`);
}

/** openid-client wraps what it does not know. */
async function answered<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    const { cause } = error as Error;
    throw cause instanceof ProviderUnavailable ? cause : error;
  }
}
