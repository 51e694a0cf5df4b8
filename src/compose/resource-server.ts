import type { OAuth2Options } from '../options.js';
import { BrowserSessions, type BrowserSessionsDependencies } from '../resource-server/browser-sessions.js';
import { TokenService } from '../resource-server/token-service.js';
import type { ApplicationRepository } from '../storage/index.js';
import type { Basis } from './basis.js';
import type { Storage } from './storage.js';
import type { TokenVerification } from './token-verification.js';

/**
 * What is done with the sessions of browsers.
 *
 * @param currentId the `id` of the session that a request belongs to, where an authorization server can tell it
 */
export function composeSessions(
  { users }: OAuth2Options,
  { sessions, tokens }: Storage,
  { cache }: TokenVerification,
  currentId?: BrowserSessionsDependencies['currentId'],
): BrowserSessions {
  return new BrowserSessions({ sessions, tokens, cache, users, currentId });
}

/** What is done with tokens. Which scopes they may have is bounded by an authorization server, if there is one. */
export function composeTokenService(
  { users, scopes, resource, authorizationServer }: OAuth2Options,
  { clock, random, accessTokenLifetimeSeconds }: Basis,
  { tokens }: Storage,
  { verifiers, cache }: TokenVerification,
  applications: ApplicationRepository,
  sessions: BrowserSessions,
): TokenService {
  return new TokenService({
    tokens,
    applications,
    verifiers,
    cache,
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
