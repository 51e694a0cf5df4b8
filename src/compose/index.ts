import type { AuthorizationServer } from '../authorization-server/authorization-server-factory.js';
import type { OAuth2Options } from '../options.js';
import { BrowserSessions } from '../resource-server/browser-sessions.js';
import type { ProtectedResourceMetadata } from '../resource-server/protected-resource-metadata.js';
import { TokenService } from '../resource-server/token-service.js';
import type { ApplicationRepository } from '../storage/index.js';
import { type Authenticators, composeAuthenticators } from './authenticators.js';
import { composeAuthorizationServer } from './authorization-server.js';
import { type Basis, composeBasis } from './basis.js';
import { Opened } from './opened.js';
import { composeResourceMetadata } from './resource-metadata.js';
import { composeSessions, composeTokenService } from './resource-server.js';
import { composeGuarding, type Guarding } from './routing-controllers.js';
import { composeSenderConstraints, type SenderConstraints } from './sender-constraints.js';
import { composeApplications, composeStorage, type Storage } from './storage.js';
import { composeThrottling, type Throttling } from './throttling.js';
import { composeTokenVerification, type TokenVerification } from './token-verification.js';

/** The parts of one configuration. */
export interface Parts {
  readonly basis: Basis;
  readonly storage: Storage;
  readonly throttling: Throttling;
  readonly verification: TokenVerification;
  readonly constraints: SenderConstraints;
  readonly applications: ApplicationRepository;
  readonly authenticators: Authenticators;
  readonly tokens: TokenService;
  readonly authorizationServer: AuthorizationServer | undefined;
  readonly sessions: BrowserSessions;
  readonly resourceMetadata: ProtectedResourceMetadata | undefined;
  readonly guarding: Guarding;
}

/**
 * Creates every part from the options and from the parts that it needs, which are therefore created before it.
 *
 * @throws ConfigurationError if an option is invalid; nothing that was opened stays open
 */
export function compose(options: OAuth2Options): Parts {
  const opened = new Opened();
  try {
    return composeAll(options, opened);
  } catch (error) {
    opened.abandon();
    throw error;
  }
}

function composeAll(options: OAuth2Options, opened: Opened): Parts {
  const basis = composeBasis(options);
  const storage = composeStorage(options, basis, opened);
  const throttling = composeThrottling(options, basis, storage.identity, opened);
  const verification = composeTokenVerification(options, basis, storage, opened);
  // Everything that waits for the identity has subscribed by now.
  storage.identity?.start();
  const applications = composeApplications(options, basis, storage, verification.cache);
  const { failedAuthentications } = throttling.throttle;
  const constraints = composeSenderConstraints(options, basis, verification.clock, opened);
  const authenticators = composeAuthenticators(options, basis, verification, failedAuthentications, constraints);
  // The only cycle: the authorization server lists and ends sessions, and only it knows the session of a request. The
  // service has no state, so there is one instance for users that never ask for that, and one that asks the
  // authorization server.
  const storedSessions = composeSessions(options, storage, verification);
  const tokens = composeTokenService(options, basis, storage, verification, applications, storedSessions);
  const resourceMetadata = composeResourceMetadata(options, constraints);
  const authorizationServer = composeAuthorizationServer(options, basis, {
    storage,
    throttling,
    cache: verification.cache,
    admission: authenticators.admission,
    applications,
    tokens,
    sessions: storedSessions,
    resourceMetadata,
  });
  const sessions = composeSessions(options, storage, verification, authorizationServer?.sessionIdOf);
  const guarding = composeGuarding(options, basis, authenticators, throttling.throttle, resourceMetadata?.url);
  options.container?.set(TokenService, tokens);
  options.container?.set(BrowserSessions, sessions);
  return {
    basis,
    storage,
    throttling,
    verification,
    constraints,
    applications,
    authenticators,
    tokens,
    authorizationServer,
    sessions,
    resourceMetadata,
    guarding,
  };
}
