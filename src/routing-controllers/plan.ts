import type { ActionMetadata } from 'routing-controllers';
import type { EventAction } from '../core/events/event-map.js';
import type { GuardedAction } from '../resource-server/permissions/permission.js';
import type { Requirement } from '../resource-server/permissions/requirement.js';
import type { CompiledThrottle } from '../throttling/index.js';

/** What is checked for a request to one action, compiled once at start-up. */
export interface ActionPlan {
  readonly action: GuardedAction;
  /** `undefined`: public. */
  readonly requirement: Requirement | undefined;
  readonly throttle: CompiledThrottle;
  /** The action in events, frozen and shared by them. */
  readonly eventAction: EventAction;
  /** The action in traces, e.g. `BooksController.list`. */
  readonly label: string;
}

/** A plan, and what routing-controllers knows of its action. */
export interface ServedPlan {
  readonly plan: ActionPlan;
  readonly metadata: ActionMetadata;
}
