import type { ActionMetadata } from 'routing-controllers';
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

/** A plan, and what routing-controllers knows of its action. */
export interface ServedPlan {
  readonly plan: ActionPlan;
  readonly metadata: ActionMetadata;
}
