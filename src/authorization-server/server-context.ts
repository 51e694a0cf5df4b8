import type { ConsentRepository, SessionRepository } from '../storage/index.js';
import type { DescribeClient } from './clients/client-application.js';
import type { ClientAuthentications } from './clients/client-authentications.js';
import type { FindApplication } from './clients/find-application.js';
import type { ScopeRules } from './grants/scope-rules.js';
import type { UserScopes } from './grants/user-scopes.js';
import type { BrowserBinding } from './oidc/patches/browser-binding.js';
import type { Settings } from './options/authorization-server-options.js';
import type { EndpointPages } from './ports.js';
import type { AuthorizationServerDependencies } from './server-dependencies.js';

/** What all parts of the authorization server share. */
export interface ServerContext {
  readonly settings: Settings;
  readonly dependencies: AuthorizationServerDependencies;
  readonly scopes: ScopeRules;
  readonly describeClient: DescribeClient;
  readonly userScopes: UserScopes;
  readonly findApplication: FindApplication;
  readonly clientAuthentications: ClientAuthentications;
  readonly consents: ConsentRepository;
  readonly sessions: SessionRepository;
  /** Determines which browser an interaction belongs to. */
  readonly binding: BrowserBinding;
}

/** The context of endpoints, which includes the pages that they show. Pages are created from the context without it. */
export interface EndpointContext extends ServerContext {
  readonly pages: EndpointPages;
}
