import type { Clock } from '../../core/clock.js';
import type { ConsentRepository, SessionRepository } from '../../storage/index.js';
import type { Settings } from '../options.js';
import type { AuthorizationServerParts } from '../parts.js';
import type { EnginePages } from '../ports.js';
import type { BrowserBinding } from './browser-binding.js';
import type { FindApplication } from './client-adapter.js';
import type { ClientAuthentications } from './client-authentications.js';
import type { DescribeClient } from './client-metadata.js';
import type { ScopeRules } from './scope-rules.js';
import type { UserScopes } from './user-scopes.js';

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
