import type { Context } from 'koa';
import type { GuardedAction } from '../resource-server/permissions/permission.js';
import type { Requirement } from '../resource-server/permissions/requirement.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import type { CompiledThrottle } from '../throttling/index.js';
import type { Guard } from './guard.js';

/** What a request to one action has to pass, compiled once at start-up. */
export class ActionPlan {
  constructor(
    readonly guard: Guard,
    readonly action: GuardedAction,
    /** `undefined`: public. */
    readonly requirement: Requirement | undefined,
    readonly throttle: CompiledThrottle,
  ) {}

  /** Who makes the request, where only a parameter of the action asks. A fault says as little outside as in the guard. */
  identify(context: Context): RequestAccess | Promise<RequestAccess> {
    try {
      const access = this.guard.identify(context, this);
      if (!(access instanceof Promise)) return access;
      return access.catch((error: unknown) => {
        throw this.guard.thrownInAction(context, this, error, 'request');
      });
    } catch (error) {
      throw this.guard.thrownInAction(context, this, error, 'request');
    }
  }

  /** Asks the action's permissions about an entity; a public action has none to ask. */
  async checkObject(access: RequestAccess, object: unknown): Promise<void> {
    try {
      await this.requirement?.checkObject(access, object);
    } catch (error) {
      throw this.guard.thrownInAction(access.context, this, error, 'object');
    }
  }

  /** Completes an error that is thrown from inside the action. */
  refused(access: RequestAccess, error: unknown): Error {
    return this.guard.thrownInAction(access.context, this, error, 'request');
  }
}
