import { after } from '../../core/promises.js';
import type { VerifiedToken } from '../../core/verified-token.js';
import type { Application } from '../../storage/index.js';
import type { RecentApplications } from '../clients/recent-applications.js';
import { parameter } from '../http/request/parameters.js';
import type { ServerContext } from '../server-context.js';
import type { FastPath, FastRequest } from './fast-path.js';
import { isProvenBy, type SoleSecret, soleSecret } from './sole-secret.js';

/**
 * Answers the common introspection at the speed of the token cache: an application with a generated secret asks about an
 * access token that is good.
 */
export class WarmIntrospection implements FastPath {
  /** One response per cached token, not per request. */
  private readonly responses = new WeakMap<VerifiedToken, string>();

  constructor(
    private readonly context: ServerContext,
    private readonly applications: RecentApplications,
  ) {}

  tryAnswer(request: FastRequest): string | undefined | Promise<string | undefined> {
    const { parameters } = request;
    const token = parameter(parameters, 'token');
    const hint = parameter(parameters, 'token_type_hint') ?? 'access_token';
    if (token === undefined || hint !== 'access_token') return undefined;
    const claimed = soleSecret(request);
    if (claimed === undefined) return undefined;
    // Only secrets of 256 random bits: for all others, failures are counted before the secret is checked.
    return after(this.applications.find(claimed.clientId), (found) => this.answerTo(found, claimed, token));
  }

  private answerTo(
    application: Application | undefined,
    claimed: SoleSecret,
    token: string,
  ): string | undefined | Promise<string | undefined> {
    const { clock, peekToken, verifyToken } = this.context.dependencies;
    if (!isProvenBy(claimed, application, clock.nowMilliseconds())) return undefined;
    const known = peekToken(token);
    if (known !== undefined) return this.told(application, known);
    return verifyToken(token).then((verified) => verified && this.told(application, verified));
  }

  private told(application: Application, token: VerifiedToken): string | undefined {
    if (!mayRead(application, token)) return undefined;
    let response = this.responses.get(token);
    if (response === undefined) {
      response = responseOf(token, this.context.settings.issuer.identifier, this.context.dependencies.resource);
      this.responses.set(token, response);
    }
    return response;
  }
}

function mayRead(application: Application, { clientId, issuer }: VerifiedToken): boolean {
  // An application of another issuer may have the same client identifier.
  if (issuer !== undefined) return false;
  if (clientId === application.clientId) return true;
  return application.mayIntrospect && clientId !== undefined;
}

/** The introspection response for an access token (RFC 7662 §2.2); members that are `undefined` are omitted. */
function responseOf(token: VerifiedToken, issuer: string, resource: string | undefined): string {
  const { userId, clientId, audience = [], scopes, authenticatedAtMilliseconds: authenticatedAt } = token;
  return JSON.stringify({
    active: true,
    sub: userId,
    client_id: clientId,
    exp: Math.floor(token.expiresAtMilliseconds / 1000),
    iat: Math.floor(token.issuedAtMilliseconds / 1000),
    iss: issuer,
    // A token without an audience is meant for the resource that is guarded here.
    aud: audience.length > 1 ? audience : (audience[0] ?? resource),
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
    token_type: 'Bearer',
    acr: token.acr,
    amr: token.amr,
    auth_time: authenticatedAt === undefined ? undefined : Math.floor(authenticatedAt / 1000),
  });
}
