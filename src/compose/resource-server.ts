import type { OAuth2Options } from '../options.js';
import { BrowserSessions, type BrowserSessionsDependencies } from '../resource-server/browser-sessions.js';
import { TokenService } from '../resource-server/token-service.js';
import type { ApplicationRepository } from '../storage/index.js';
import type { Basis } from './basis.js';
import type { Storage } from './storage.js';
import type { TokenVerification } from './token-verification.js';

/**
 * Creates the service for browser sessions.
 *
 * @param currentId the `id` of the session of a request, if there is an authorization server to determine it
 */
export function composeSessions(
  { users }: OAuth2Options,
  { sessions, tokens }: Storage,
  { cache }: TokenVerification,
  { events }: Basis,
  currentId?: BrowserSessionsDependencies['currentId'],
): BrowserSessions {
  return new BrowserSessions({ sessions, tokens, cache, users, events, currentId });
}

/** Creates the token service. The authorization server, if there is one, limits the scopes. */
export function composeTokenService(
  { users, scopes, resource, authorizationServer }: OAuth2Options,
  { clock, random, accessTokenLifetimeSeconds, observation }: Basis,
  { tokens, opaqueTokens }: Storage,
  { verifiers, cache, lookUps }: TokenVerification,
  applications: ApplicationRepository,
  sessions: BrowserSessions,
): TokenService {
  return new TokenService({
    tokens,
    opaqueTokens,
    applications,
    verifiers,
    cache,
    lookUps,
    observation,
    users,
    scopes,
    ...authorizationServer?.scopeBounds(users),
    resource,
    defaultLifetimeSeconds: accessTokenLifetimeSeconds,
    clock,
    random,
    endSessionsOf: (user) => sessions.endAllOf({ user }),
  });
}
