import type * as OAuth from 'oauth4webapi';
import { type BoundedFetch, mediaTypeOf } from './bounded-fetch.js';
import { clientAuthentication } from './client-authentication.js';
import { EndpointFailure } from './endpoint-failure.js';
import { isSafeUrl } from './endpoint-url.js';
import type { IntrospectionSettings } from './introspection-options.js';
import { parseUnambiguous } from './json-text.js';
import { readSignedAnswer } from './signed-answer.js';

/** The age after which the server's metadata is read again, in the background. */
const METADATA_AGE_MILLISECONDS = 3_600_000;

/** The module oauth4webapi. */
export type OAuthModule = typeof OAuth;

/** An introspection endpoint (RFC 7662). */
export class IntrospectionEndpoint {
  private readonly client: OAuth.Client;
  private readonly authentication: Promise<OAuth.ClientAuth>;
  private metadata: { readonly server: OAuth.AuthorizationServer; readAtMilliseconds: number } | undefined;
  private reading: Promise<OAuth.AuthorizationServer> | undefined;

  constructor(
    private readonly settings: IntrospectionSettings,
    private readonly library: Promise<OAuthModule>,
    private readonly send: BoundedFetch,
  ) {
    this.client = { client_id: settings.clientId };
    this.authentication = library.then((oauth) => clientAuthentication(oauth, settings.credential));
    // Whoever asks gets the rejection; this prevents an unhandled one.
    this.authentication.catch(() => undefined);
  }

  /**
   * Introspects a token. The answer is what the server says; it is not judged yet.
   *
   * @throws EndpointFailure, SyntaxError or an error of oauth4webapi if there is no answer; none of them contains the
   *   token
   */
  async ask(token: string, nowMilliseconds: number): Promise<unknown> {
    const { signedAnswers } = this.settings;
    const oauth = await this.library;
    const server = await this.server(oauth);
    const response = await oauth.introspectionRequest(server, this.client, await this.authentication, token, {
      ...this.requestOptions(oauth),
      additionalParameters: { token_type_hint: 'access_token' },
      requestJwtResponse: signedAnswers !== undefined,
    });
    if (signedAnswers !== undefined) {
      return readSignedAnswer(
        { oauth, server, client: this.client, options: this.requestOptions(oauth) },
        response,
        nowMilliseconds,
      );
    }
    if (mediaTypeOf(response) !== 'application/json') {
      throw new EndpointFailure('answer', 'the answer is not application/json');
    }
    return parseUnambiguous(await response.text());
  }

  /** `send` itself refuses URLs that are neither https nor loopback. */
  private requestOptions(oauth: OAuthModule) {
    return {
      [oauth.customFetch]: this.send,
      [oauth.allowInsecureRequests]: true,
    };
  }

  private async server(oauth: OAuthModule): Promise<OAuth.AuthorizationServer> {
    const { endpoint } = this.settings;
    if (this.metadata === undefined && endpoint !== undefined) {
      this.metadata = {
        server: this.completed({ issuer: '', introspection_endpoint: endpoint }),
        readAtMilliseconds: 0,
      };
    }
    const held = this.metadata;
    if (held === undefined) return this.readMetadata(oauth);
    if (endpoint === undefined && performance.now() - held.readAtMilliseconds > METADATA_AGE_MILLISECONDS) {
      held.readAtMilliseconds = performance.now();
      this.readMetadata(oauth).catch(() => undefined);
    }
    return held.server;
  }

  /** Concurrent callers share one request. */
  private readMetadata(oauth: OAuthModule): Promise<OAuth.AuthorizationServer> {
    this.reading ??= this.discover(oauth)
      .then((server) => {
        this.metadata = { server, readAtMilliseconds: performance.now() };
        return server;
      })
      .finally(() => {
        this.reading = undefined;
      });
    return this.reading;
  }

  /** RFC 8414 first; a server that supports only OpenID Connect Discovery answers 404 to that. */
  private async discover(oauth: OAuthModule): Promise<OAuth.AuthorizationServer> {
    const issuer = this.settings.issuer as string;
    const read = async (algorithm: 'oauth2' | 'oidc') => {
      const url = new URL(issuer);
      const response = await oauth.discoveryRequest(url, { ...this.requestOptions(oauth), algorithm });
      return oauth.processDiscoveryResponse(url, response);
    };
    let server: OAuth.AuthorizationServer;
    try {
      server = await read('oauth2').catch(() => read('oidc'));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EndpointFailure('status', `its metadata cannot be read: ${reason}`);
    }
    // An exact comparison (RFC 8414 §3.3).
    if (server.issuer !== issuer) throw new EndpointFailure('answer', 'its metadata names another issuer');
    // A remote server must not direct secrets and tokens to services of this machine.
    const isSafe = (url: string) => isSafeUrl(url) && (url.startsWith('https:') || issuer.startsWith('http:'));
    const { introspection_endpoint: endpoint, jwks_uri: jwksUri } = this.completed(server);
    if (typeof endpoint !== 'string' || !isSafe(endpoint)) {
      throw new EndpointFailure('answer', 'its metadata names no introspection endpoint with a secure URL');
    }
    if (this.settings.signedAnswers !== undefined && (typeof jwksUri !== 'string' || !isSafe(jwksUri))) {
      throw new EndpointFailure('answer', 'its metadata names no jwks_uri that is secure');
    }
    return this.completed(server);
  }

  /** The members of the metadata that are used, completed by the options. */
  private completed(server: OAuth.AuthorizationServer): OAuth.AuthorizationServer {
    const { authority, signedAnswers } = this.settings;
    const jwksUri = signedAnswers?.jwksUri ?? server.jwks_uri;
    return {
      issuer: authority,
      ...(server.introspection_endpoint !== undefined && { introspection_endpoint: server.introspection_endpoint }),
      ...(jwksUri !== undefined && { jwks_uri: jwksUri }),
      // The options decide about the algorithms, never the server.
      ...(signedAnswers !== undefined && { introspection_signing_alg_values_supported: [...signedAnswers.algorithms] }),
    };
  }
}
