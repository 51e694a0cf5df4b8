import type { OAuth2Options } from '../options.js';
import type { BrowserSessions } from '../resource-server/browser-sessions.js';
import type { TokenService } from '../resource-server/token-service.js';
import type { ApplicationRepository } from '../storage/index.js';
import type { Basis } from './basis.js';
import { composeSessions, composeTokenService } from './resource-server.js';
import { composeApplications, type Storage } from './storage.js';
import type { TokenVerification } from './token-verification.js';

/** What works on applications, tokens and sessions without serving requests. */
export interface Services {
  readonly basis: Basis;
  readonly storage: Storage;
  readonly verification: TokenVerification;
  readonly applications: ApplicationRepository;
  readonly tokens: TokenService;
  readonly sessions: BrowserSessions;
}

/** Creates the services. Everything else that waits for the identity of the database has subscribed to it by now. */
export function composeServices(
  options: OAuth2Options,
  basis: Basis,
  storage: Storage,
  verification: TokenVerification,
): Services {
  storage.identity?.start();
  const applications = composeApplications(options, basis, storage, verification.cache);
  const sessions = composeSessions(options, storage, verification, basis);
  const tokens = composeTokenService(options, basis, storage, verification, applications, sessions);
  return { basis, storage, verification, applications, tokens, sessions };
}
