import { type AuthorizationServer, COMPLETE } from '../authorization-server/authorization-server-factory.js';
import type { AuthorizationServerDependencies } from '../authorization-server/server-dependencies.js';
import type { Overview } from '../core/observation/overview.js';
import type { OAuth2Options } from '../options.js';
import type { LookUpAdmission } from '../resource-server/authentication/look-up-admission.js';
import type { BrowserSessions } from '../resource-server/browser-sessions.js';
import type { TokenCache } from '../resource-server/cache/token-cache.js';
import type { ClientCertificates } from '../resource-server/client-certificates.js';
import { Nonces } from '../resource-server/dpop/nonces.js';
import type { ProtectedResourceMetadata } from '../resource-server/protected-resource-metadata.js';
import type { TokenService } from '../resource-server/token-service.js';
import { type ApplicationRepository, createTokenWriter, type TokenWriter } from '../storage/index.js';
import type { Basis } from './basis.js';
import { resourceIdentifier } from './resource-metadata.js';
import type { SenderConstraints } from './sender-constraints.js';
import type { Storage } from './storage.js';
import type { Throttling } from './throttling.js';

/** What the authorization server needs from the other parts. */
export interface AuthorizationServerNeeds {
  readonly storage: Storage;
  readonly throttling: Throttling;
  readonly cache: TokenCache;
  readonly admission: LookUpAdmission;
  readonly applications: ApplicationRepository;
  readonly tokens: TokenService;
  readonly sessions: BrowserSessions;
  readonly certificates: ClientCertificates | undefined;
  readonly resourceMetadata: ProtectedResourceMetadata | undefined;
  readonly constraints: SenderConstraints;
  readonly overview: { read(): Promise<Overview> };
}

/**
 * Creates the authorization server, if the option is set.
 *
 * @throws ConfigurationError if one of its options does not fit the others
 */
export function composeAuthorizationServer(
  options: OAuth2Options,
  { clock, random, logger, log, events, address, requestId, accessTokenLifetimeSeconds }: Basis,
  needs: AuthorizationServerNeeds,
): AuthorizationServer | undefined {
  const { storage, throttling, applications, sessions, certificates } = needs;
  return options.authorizationServer?.[COMPLETE]({
    models: storage.models,
    applications,
    tokens: storage.tokens,
    tokenWriter: tokenWriter(options, logger, storage),
    opaqueTokens: storage.opaqueTokens,
    users: options.users,
    scopes: options.scopes,
    resource: options.resource,
    impliedResource: options.resource === undefined ? resourceIdentifier(options) : undefined,
    accessTokenLifetimeSeconds,
    clock,
    random,
    logger,
    log,
    events,
    address,
    requestId,
    failures: throttling.throttle.failedAuthentications,
    failureBudget: throttling.failureBudget,
    dpopNonces: (keys) => needs.constraints.dpop?.nonces ?? new Nonces(keys, clock),
    throttle: throttling.forEndpoint,
    certificateOf: certificates && ((context) => certificates.of(context)),
    resourceMetadata: needs.resourceMetadata?.middleware(),
    sessions,
    overview: () => needs.overview.read(),
    ...tokenDependencies(needs),
  });
}

function tokenWriter(
  { models: given, preparedStatements }: OAuth2Options,
  logger: Basis['logger'],
  { database, models, tables, tokens }: Storage,
): TokenWriter {
  const ownModel = given?.AccessToken !== undefined;
  return createTokenWriter({ database, models, tables, tokens, ownModel, preparedStatements, logger });
}

/** How it looks up tokens, and informs the caches about revoked and issued ones. */
function tokenDependencies({
  tokens,
  cache,
  admission,
}: AuthorizationServerNeeds): Pick<
  AuthorizationServerDependencies,
  'peekToken' | 'verifyToken' | 'invalidate' | 'forgetMiss' | 'tokenAdmission' | 'revokeAllOf' | 'revokeToken'
> {
  return {
    peekToken: (token) => tokens.peekOwn(token),
    verifyToken: (token) => tokens.verifyOwn(token),
    invalidate: async (keys) => {
      const [key] = keys;
      if (key !== undefined) await cache.invalidate({ kind: 'token', key }, keys);
    },
    forgetMiss: (key) => {
      cache.forgetMiss(key);
      admission.succeeded(key);
    },
    tokenAdmission: admission,
    revokeAllOf: async ({ userId, clientId }) => {
      await tokens.revokeAllOf({ user: userId, application: clientId });
    },
    revokeToken: (tokenHash) => tokens.revokeByHash(tokenHash),
  };
}
