import type { Context } from 'koa';
import { epochSeconds } from '../../core/clock.js';
import { keyOfDigest, sha256 } from '../../core/digest.js';
import { isPromiseLike } from '../../core/promises.js';
import { IDENTITY_SCOPES, isScopeValue, parseScope } from '../../core/scopes.js';
import { generateTokenValue } from '../../core/token-value.js';
import type { RecentApplications } from '../clients/recent-applications.js';
import { accessTokenLifetime } from '../grants/lifetimes.js';
import { type Parameters, parameter } from '../http/request/parameters.js';
import type { ServerContext } from '../server-context.js';
import { type ClaimedSecret, claimedSecret, isProvenBy } from './generated-secret.js';

/** A successful response of the token endpoint (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
  readonly scope: string;
}

/** With any other parameter, a request is none of the plain ones. */
const PLAIN_PARAMETERS = new Set(['grant_type', 'scope', 'client_id', 'client_secret']);

/**
 * Answers the most frequent of all token requests in one statement: an application with a generated secret asks for a
 * token of its own (RFC 6749 §4.4), with scopes at most. The application may have been read up to a second before; the
 * statement stores nothing if it was changed since. Everything else, and every refusal, is left to oidc-provider; so
 * nothing is decided here that it would decide otherwise.
 */
export class PlainClientCredentials {
  private readonly audience: readonly string[] | null;

  constructor(
    private readonly context: ServerContext,
    private readonly applications: RecentApplications,
  ) {
    const { resource } = context.dependencies;
    this.audience = resource === undefined ? null : [resource];
  }

  /**
   * The response, or `undefined`: ask oidc-provider.
   *
   * @throws TemporarilyUnavailableError if the database cannot answer; then nothing is stored
   */
  answer(outer: Context, parameters: Parameters): Promise<TokenResponse | undefined> | undefined {
    if (parameter(parameters, 'grant_type') !== 'client_credentials') return undefined;
    if (!parameters.every(([name]) => PLAIN_PARAMETERS.has(name))) return undefined;
    if (outer.req.headers.dpop !== undefined) return undefined;
    const scope = parameter(parameters, 'scope');
    if (scope !== undefined && !isScopeValue(scope)) return undefined;
    const claimed = claimedSecret(outer, parameters);
    return claimed && this.answerTo(claimed, scope);
  }

  private async answerTo(claimed: ClaimedSecret, requested: string | undefined): Promise<TokenResponse | undefined> {
    const { clientId } = claimed;
    const found = this.applications.find(clientId);
    const application = isPromiseLike(found) ? await found : found;
    const { dependencies } = this.context;
    const nowMs = dependencies.clock.nowMilliseconds();
    if (!isProvenBy(claimed, application, nowMs)) return undefined;
    // Without a proof there is nothing for it (RFC 9449 §5.2): a plain request is refused.
    if (application.dpopBoundAccessTokens) return undefined;
    const client = this.context.describeClient(application);
    if (!client.grantTypes.includes('client_credentials')) return undefined;
    const settled = this.context.scopes.resolve(requested, client);
    if ('problem' in settled) return undefined;
    // What scopes about a user mean where there is none is said by oidc-provider.
    const scopes = parseScope(settled.scope);
    if (IDENTITY_SCOPES.some((name) => scopes.includes(name))) return undefined;
    const token = generateTokenValue(dependencies.random);
    const tokenHash = sha256(token);
    const issuedAt = epochSeconds(dependencies.clock);
    const lifetimeSeconds = accessTokenLifetime(this.context, application, undefined);
    const newToken = {
      tokenHash,
      scope: settled.scope,
      audience: this.audience,
      createdAtMs: issuedAt * 1000,
      expiresAtMs: (issuedAt + lifetimeSeconds) * 1000,
    };
    const { secretHash } = claimed;
    const stored = await dependencies.tokenWriter.insertIfUnchanged(application, newToken, { secretHash, nowMs });
    if (!stored) {
      this.applications.forget(clientId);
      return undefined;
    }
    dependencies.forgetMiss(keyOfDigest(tokenHash));
    dependencies.events.emit('token.issued', {
      clientId,
      userId: undefined,
      grantType: 'client_credentials',
      scopes,
      familyId: undefined,
    });
    return { access_token: token, expires_in: lifetimeSeconds, token_type: 'Bearer', scope: settled.scope };
  }
}
