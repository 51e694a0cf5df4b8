import type { AuthorizationServer } from '../authorization-server/authorization-server-factory.js';
import type { OAuth2Options } from '../options.js';
import { AUTHENTICATOR, bearer, isFactory } from '../resource-server/authentication/authenticator-factories.js';
import type { BearerTokenLocations } from '../resource-server/authentication/bearer-token.js';
import { describedSession, type SessionOptions } from '../resource-server/authentication/session.js';
import type { DescribedCredentials, DescribedServer } from '../resource-server/described-server.js';
import { DATABASE_VERIFIER } from '../resource-server/verifiers/database.js';
import type { SenderConstraints } from './sender-constraints.js';
import type { TokenVerification } from './token-verification.js';

/** Collects what a document says of this application. */
export function describeServer(
  options: OAuth2Options,
  { verifiers: { verifiers } }: Pick<TokenVerification, 'verifiers'>,
  { dpop }: Pick<SenderConstraints, 'dpop'>,
  server: AuthorizationServer | undefined,
): DescribedServer {
  const { errorBody = 'oauth2', errorResponseWithScopes = false, authenticators = [bearer()] } = options;
  const { fields, failedAuthentication } = options.throttling ?? {};
  const failureRate =
    typeof failedAuthentication === 'object' && failedAuthentication !== null
      ? failedAuthentication.rate
      : failedAuthentication;
  return {
    scopes: options.scopes ?? {},
    authorizationServer: server && describeAuthorizationServer(server),
    issuers: verifiers.flatMap(({ issuer }) => issuer ?? []),
    acceptsOtherTokens: verifiers.some(
      ({ issuer, name }) => issuer === undefined && !(server !== undefined && name === DATABASE_VERIFIER),
    ),
    credentials: authenticators.flatMap((one) => describeCredentials(one, dpop !== undefined)),
    errorBody: typeof errorBody === 'function' ? 'own' : errorBody,
    errorResponseWithScopes,
    rateLimitFields: { current: fields?.version !== false, legacy: fields?.legacy === true },
    limitsFailures: failureRate !== null,
  };
}

function describeAuthorizationServer({ issuer, prefix, signsIn }: AuthorizationServer) {
  const at = `${new URL(issuer).origin}${prefix}`;
  return { issuer, authorizationUrl: signsIn ? `${at}/authorize` : undefined, tokenUrl: `${at}/token` };
}

function describeCredentials(
  one: NonNullable<OAuth2Options['authenticators']>[number],
  provesKeys: boolean,
): readonly DescribedCredentials[] {
  if (!isFactory(one)) return [{ kind: 'own', reads: one.reads ?? [], scheme: one.securityScheme }];
  if (one[AUTHENTICATOR] === 'session') return [describedSession(one.options as SessionOptions)];
  const { body = false, query = false } = one.options as BearerTokenLocations;
  return [{ kind: 'bearer', body, query }, ...(provesKeys ? ([{ kind: 'dpop' }] as const) : [])];
}
