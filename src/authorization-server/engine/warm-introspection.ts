import type { Context } from 'koa';
import type { VerifiedToken } from '../../core/verified-token.js';
import type { Application } from '../../storage/index.js';
import type { EngineContext } from './context.js';
import { provenBySecret } from './generated-secret.js';
import { type Parameters, parameter } from './parameters.js';
import { RecentApplications } from './recent-applications.js';

/** An introspection response for an access token (RFC 7662 §2.2). */
export type ActiveToken = Readonly<Record<string, unknown>> & { readonly active: true };

/**
 * Answers the common introspection at the speed of the token cache: an application with a generated secret asks about an
 * access token that is good. Everything else, and every refusal, is left to oidc-provider; so nothing is decided here
 * that it would decide otherwise.
 */
export class WarmIntrospection {
  private readonly applications: RecentApplications;

  constructor(private readonly context: EngineContext) {
    this.applications = new RecentApplications(context);
  }

  /** The response, or `undefined`: ask oidc-provider. */
  async answer(outer: Context, parameters: Parameters): Promise<ActiveToken | undefined> {
    const token = parameter(parameters, 'token');
    const hint = parameter(parameters, 'token_type_hint') ?? 'access_token';
    if (token === undefined || hint !== 'access_token') return undefined;
    // A secret of 256 random bits: for all others failures are counted before the secret is looked at.
    const application = await provenBySecret((clientId) => this.applications.find(clientId), outer, parameters);
    if (application === undefined) return undefined;
    const verified = await this.context.parts.verifyToken(token);
    if (verified === undefined || !mayRead(application, verified)) return undefined;
    return responseOf(verified, this.context.settings.issuer.identifier);
  }
}

function mayRead(application: Application, { clientId }: VerifiedToken): boolean {
  if (clientId === application.clientId) return true;
  return application.mayIntrospect && clientId !== undefined;
}

function responseOf(token: VerifiedToken, issuer: string): ActiveToken {
  const { userId, clientId, audience, scopes } = token;
  return {
    active: true,
    ...(userId !== undefined && { sub: userId }),
    client_id: clientId,
    exp: Math.floor(token.expiresAtMilliseconds / 1000),
    iat: Math.floor(token.issuedAtMilliseconds / 1000),
    iss: issuer,
    ...(audience !== undefined && { aud: audience.length === 1 ? audience[0] : audience }),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    token_type: 'Bearer',
  };
}
