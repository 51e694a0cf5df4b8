import type { AuthorizationServer } from '../authorization-server/authorization-server-factory.js';
import type { UserStore } from '../core/users.js';
import type { CheckedOptions } from '../options.js';
import { BrowserSessions } from '../resource-server/browser-sessions.js';
import type { DescribedServer } from '../resource-server/described-server.js';
import type { ProtectedResourceMetadata } from '../resource-server/protected-resource-metadata.js';
import { TokenService } from '../resource-server/token-service.js';
import { type Authenticators, composeAuthenticators } from './authenticators.js';
import { composeAuthorizationServer } from './authorization-server.js';
import { composeBasis } from './basis.js';
import { describeServer } from './described-server.js';
import { composeObservability, type Observability } from './observability.js';
import { Opened } from './opened.js';
import { composeResourceMetadata } from './resource-metadata.js';
import { composeSessions } from './resource-server.js';
import { composeGuarding, type Guarding } from './routing-controllers.js';
import { composeSenderConstraints, type SenderConstraints } from './sender-constraints.js';
import { composeServices, type Services } from './services.js';
import { composeSharedCacheNote, type SharedCacheNote } from './shared-cache-note.js';
import { composeStorage } from './storage.js';
import { composeThrottling, type Throttling } from './throttling.js';
import { composeTokenVerification } from './token-verification.js';

/** The parts of one configuration. */
export interface Parts extends Services {
  /** What everything was made from. */
  readonly options: CheckedOptions;
  readonly throttling: Throttling;
  readonly constraints: SenderConstraints;
  readonly authenticators: Authenticators;
  readonly authorizationServer: AuthorizationServer | undefined;
  readonly resourceMetadata: ProtectedResourceMetadata | undefined;
  readonly guarding: Guarding;
  /** Whether our entry answers `/health/live` and `/health/ready`. */
  readonly servesHealth: boolean;
  /** The document that our entry serves. */
  readonly openApi: CheckedOptions['openApi'];
  /** The host's users. */
  readonly users: UserStore | undefined;
  readonly observability: Observability;
  /** Tells whoever changes the database from outside that there is a cache in Redis; `undefined` without Redis. */
  readonly sharedCacheNote: SharedCacheNote | undefined;
  /** What documents say of this application, beside its actions; made when it is asked for. */
  readonly described: () => DescribedServer;
}

/**
 * Creates every part from the options and from the parts that it needs, which are therefore created before it.
 *
 * @throws ConfigurationError if an option is invalid; nothing that was opened stays open
 */
export function compose(options: CheckedOptions): Parts {
  const opened = new Opened();
  try {
    return composeAll(options, opened);
  } catch (error) {
    opened.abandon();
    throw error;
  }
}

function composeAll(options: CheckedOptions, opened: Opened): Parts {
  const basis = composeBasis(options);
  const storage = composeStorage(options, basis, opened);
  const throttling = composeThrottling(options, basis, storage.identity, opened);
  const verification = composeTokenVerification(options, basis, storage, opened);
  const services = composeServices(options, basis, storage, verification);
  const { applications, tokens, sessions: storedSessions } = services;
  const { failedAuthentications } = throttling.throttle;
  const constraints = composeSenderConstraints(options, basis, verification.clock, opened);
  const authenticators = composeAuthenticators(options, basis, verification, failedAuthentications, constraints);
  const observability = composeObservability(basis, { storage, throttling, verification }, opened);
  const resourceMetadata = composeResourceMetadata(options, constraints);
  const authorizationServer = composeAuthorizationServer(options, basis, {
    storage,
    throttling,
    cache: verification.cache,
    admission: authenticators.admission,
    applications,
    tokens,
    sessions: storedSessions,
    certificates: constraints.certificates,
    resourceMetadata,
    constraints,
    overview: observability.overview,
  });
  // The only cycle: the authorization server lists and ends sessions, and only it knows the session of a request. The
  // service has no state, so there is one instance for users that never ask for that, and one that asks the
  // authorization server.
  const sessions = composeSessions(options, storage, verification, basis, authorizationServer?.sessionIdOf);
  const guarding = composeGuarding(
    options,
    basis,
    authenticators,
    verification,
    throttling.throttle,
    storage,
    resourceMetadata?.url,
  );
  const sharedCacheNote = composeSharedCacheNote(options, basis, storage, opened);
  options.container?.set(TokenService, tokens);
  options.container?.set(BrowserSessions, sessions);
  return {
    ...services,
    options,
    throttling,
    constraints,
    authenticators,
    authorizationServer,
    sessions,
    resourceMetadata,
    guarding,
    servesHealth: options.health === true,
    openApi: options.openApi,
    users: options.users,
    observability,
    sharedCacheNote,
    described: () => describeServer(options, verification, constraints, authorizationServer),
  };
}
