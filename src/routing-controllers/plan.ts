import type { GuardedAction } from '../resource-server/permissions/permission.js';
import type { Requirement } from '../resource-server/permissions/requirement.js';
import type { CompiledThrottle } from '../throttling/index.js';

/** What is checked for a request to one action, compiled once at start-up. */
export interface ActionPlan {
  readonly action: GuardedAction;
  /** `undefined`: public. */
  readonly requirement: Requirement | undefined;
  readonly throttle: CompiledThrottle;
}
