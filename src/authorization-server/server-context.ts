import type { Clock } from '../core/clock.js';
import type { ConsentRepository, SessionRepository } from '../storage/index.js';
import type { ClientAuthentications } from './clients/client-authentications.js';
import type { DescribeClient } from './clients/client-metadata.js';
import type { ScopeRules } from './grants/scope-rules.js';
import type { UserScopes } from './grants/user-scopes.js';
import type { FindApplication } from './oidc/client-adapter.js';
import type { BrowserBinding } from './oidc/patches/browser-binding.js';
import type { Settings } from './options/authorization-server-options.js';
import type { EnginePages } from './ports.js';
import type { AuthorizationServerParts } from './server-dependencies.js';

/** What the parts of the engine share. */
export interface EngineContext {
  readonly settings: Settings;
  readonly parts: AuthorizationServerParts;
  readonly scopes: ScopeRules;
  readonly describeClient: DescribeClient;
  readonly userScopes: UserScopes;
  readonly findApplication: FindApplication;
  readonly clientAuthentications: ClientAuthentications;
  readonly consents: ConsentRepository;
  readonly sessions: SessionRepository;
  /** Which browser an interaction is of. */
  readonly binding: BrowserBinding;
  /** Set once the pages are made, which is before the first request. */
  pages: EnginePages;
}

/** The time as oidc-provider counts it: whole seconds since the Unix epoch. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.nowMilliseconds() / 1000);
}
