import type { Context } from 'koa';
import { keyOfDigest, sha256 } from '../../core/digest.js';
import { parseScope } from '../../core/scopes.js';
import { generateTokenValue } from '../../core/token-value.js';
import { type Application, isMissingReference } from '../../storage/index.js';
import { clientApplication } from './client-metadata.js';
import { type EngineContext, epochSeconds } from './context.js';
import { provenBySecret } from './generated-secret.js';
import { type Parameters, parameter } from './parameters.js';
import { OPENID_SCOPES } from './scope-rules.js';

/** A successful response of the token endpoint (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
  readonly scope: string;
}

/** With any other parameter or one of these fields, a request is none of the plain ones. */
const PLAIN_PARAMETERS = new Set(['grant_type', 'scope', 'client_id', 'client_secret']);
const OTHER_FIELDS = ['dpop', 'origin', 'oauth-client-attestation', 'oauth-client-attestation-pop'];

/**
 * Answers the most frequent of all token requests in two statements: an application with a generated secret asks for a
 * token of its own (RFC 6749 §4.4), with scopes at most. Everything else, and every refusal, is left to oidc-provider; so
 * nothing is decided here that it would decide otherwise.
 */
export class PlainClientCredentials {
  private readonly lifetimeSeconds: number;

  constructor(private readonly context: EngineContext) {
    const { settings, parts } = context;
    this.lifetimeSeconds = settings.accessTokenLifetimeSeconds ?? parts.accessTokenLifetimeSeconds;
  }

  /**
   * The response, or `undefined`: ask oidc-provider.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer; then nothing is stored
   */
  async answer(outer: Context, parameters: Parameters): Promise<TokenResponse | undefined> {
    if (parameter(parameters, 'grant_type') !== 'client_credentials') return undefined;
    if (!parameters.every(([name]) => PLAIN_PARAMETERS.has(name))) return undefined;
    if (OTHER_FIELDS.some((name) => outer.get(name) !== '')) return undefined;
    const application = await provenBySecret(this.context.findApplication, outer, parameters);
    if (application?.allowsGrantType('client_credentials') !== true) return undefined;
    const settled = this.context.scopes.resolve(parameter(parameters, 'scope'), clientApplication(application));
    if ('problem' in settled) return undefined;
    // What scopes about a user mean where there is none is said by oidc-provider.
    const scopes = parseScope(settled.scope);
    if (OPENID_SCOPES.some((name) => scopes.includes(name))) return undefined;
    return this.issue(application, settled.scope, scopes);
  }

  private async issue(
    application: Application,
    scope: string,
    scopes: readonly string[],
  ): Promise<TokenResponse | undefined> {
    const { parts } = this.context;
    const token = generateTokenValue(parts.random);
    const tokenHash = sha256(token);
    const issuedAt = epochSeconds(parts.clock);
    try {
      await parts.tokens.insertAccessToken({
        tokenHash,
        applicationId: application.id,
        scope,
        audience: parts.resource === undefined ? null : [parts.resource],
        createdAtMs: issuedAt * 1000,
        expiresAtMs: (issuedAt + this.lifetimeSeconds) * 1000,
      });
    } catch (error) {
      // The application was deleted in between.
      if (isMissingReference(error)) return undefined;
      throw error;
    }
    parts.forgetMiss(keyOfDigest(tokenHash));
    parts.events.emit('token.issued', {
      clientId: application.clientId,
      userId: undefined,
      grantType: 'client_credentials',
      scopes,
      familyId: undefined,
    });
    return { access_token: token, expires_in: this.lifetimeSeconds, token_type: 'Bearer', scope };
  }
}
