import { epochSeconds } from '../../core/clock.js';
import { keyOfDigest, sha256 } from '../../core/digest.js';
import { IDENTITY_SCOPES, isScopeValue, parseScope } from '../../core/scopes.js';
import { generateTokenValue } from '../../core/token-value.js';
import type { RecentApplications } from '../clients/recent-applications.js';
import { accessTokenLifetime } from '../grants/lifetimes.js';
import { parameter } from '../http/request/parameters.js';
import type { ServerContext } from '../server-context.js';
import type { FastPath, FastRequest } from './fast-path.js';
import { isProvenBy, type SoleSecret, soleSecret } from './sole-secret.js';

/** A successful response of the token endpoint (RFC 6749 §5.1). */
interface TokenResponse {
  readonly access_token: string;
  readonly expires_in: number;
  readonly token_type: 'Bearer';
  readonly scope: string;
}

/** A request with any other parameter is not a plain one. */
const PLAIN_PARAMETERS = new Set(['grant_type', 'scope', 'client_id', 'client_secret']);

/**
 * Answers the most frequent of all token requests in one statement: an application with a generated secret asks for a
 * token of its own (RFC 6749 §4.4), with scopes at most. The application may have been read up to a second before; the
 * statement stores nothing if it was changed since.
 */
export class PlainClientCredentials implements FastPath {
  private readonly audience: readonly string[] | null;

  constructor(
    private readonly context: ServerContext,
    private readonly applications: RecentApplications,
  ) {
    const { resource } = context.dependencies;
    this.audience = resource === undefined ? null : [resource];
  }

  tryAnswer(request: FastRequest): Promise<string | undefined> | undefined {
    const { outer, parameters } = request;
    if (parameter(parameters, 'grant_type') !== 'client_credentials') return undefined;
    if (!parameters.every(([name]) => PLAIN_PARAMETERS.has(name))) return undefined;
    // A token for another resource than that of the guards has its own scopes and lifetime.
    if (this.context.settings.defaultResource !== undefined) return undefined;
    if (outer.req.headers.dpop !== undefined) return undefined;
    const scope = parameter(parameters, 'scope');
    if (scope !== undefined && !isScopeValue(scope)) return undefined;
    const claimed = soleSecret(request);
    return claimed && this.answerTo(claimed, scope);
  }

  private async answerTo(claimed: SoleSecret, requested: string | undefined): Promise<string | undefined> {
    const { clientId } = claimed;
    const found = this.applications.find(clientId);
    const application = found instanceof Promise ? await found : found;
    const { dependencies } = this.context;
    const nowMilliseconds = dependencies.clock.nowMilliseconds();
    if (!isProvenBy(claimed, application, nowMilliseconds)) return undefined;
    // It requires a proof of possession (RFC 9449 §5.2, RFC 8705 §3.4), which oidc-provider checks.
    if (application.dpopBoundAccessTokens || application.certificateBoundAccessTokens) return undefined;
    const client = this.context.describeClient(application);
    if (!client.grantTypes.includes('client_credentials')) return undefined;
    const settled = this.context.scopes.resolve(requested, client);
    if ('problem' in settled) return undefined;
    // oidc-provider handles scopes about a user in a request without one.
    const scopes = parseScope(settled.scope);
    if (IDENTITY_SCOPES.some((name) => scopes.includes(name))) return undefined;
    const { opaqueTokens } = dependencies;
    const unready = opaqueTokens.ready();
    if (unready !== undefined) await unready;
    const token = opaqueTokens.token(generateTokenValue(dependencies.random));
    const tokenHash = sha256(token);
    const issuedAt = epochSeconds(dependencies.clock);
    const lifetimeSeconds = accessTokenLifetime(this.context, application, undefined);
    const newToken = {
      tokenHash,
      scope: settled.scope,
      audience: this.audience,
      createdAtMilliseconds: issuedAt * 1000,
      expiresAtMilliseconds: (issuedAt + lifetimeSeconds) * 1000,
    };
    const { secretHash } = claimed;
    const stored = await dependencies.tokenWriter.insertIfUnchanged(application, newToken, {
      secretHash,
      nowMilliseconds,
    });
    if (!stored) {
      this.applications.forget(clientId);
      return undefined;
    }
    dependencies.forgetMiss(keyOfDigest(tokenHash));
    dependencies.events.tell('token.issued', () => ({
      clientId,
      userId: undefined,
      grantType: 'client_credentials',
      scopes,
      familyId: undefined,
    }));
    const response: TokenResponse = {
      access_token: token,
      expires_in: lifetimeSeconds,
      token_type: 'Bearer',
      scope: settled.scope,
    };
    return JSON.stringify(response);
  }
}
