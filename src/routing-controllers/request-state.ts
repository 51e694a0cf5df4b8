import type { Context } from 'koa';
import { ConfigurationError } from '../core/errors.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import type { ActionPlan } from './plan.js';

const STATE = Symbol('routing-controllers-oauth2');

/** What is kept of a request: the plan of its action, and who makes it, once that is known. */
interface RequestState {
  readonly plan: ActionPlan;
  access: RequestAccess | Promise<RequestAccess> | undefined;
}

type StatefulContext = Context & { [STATE]?: RequestState };

/** Notes the plan of the action that a request goes to. */
export function setPlan(context: Context, plan: ActionPlan): void {
  (context as StatefulContext)[STATE] = { plan, access: undefined };
}

/** Notes who makes the request; every later question is answered by this. */
export function setAccess(context: Context, access: RequestAccess | Promise<RequestAccess>): void {
  const state = (context as StatefulContext)[STATE];
  if (state !== undefined) state.access = access;
}

/** Whether a guard has seen this request. */
export function hasState(context: Context): boolean {
  return (context as StatefulContext)[STATE] !== undefined;
}

/**
 * Who makes the request. A public action that did not need to know asks only now.
 *
 * @throws ConfigurationError if no guard has seen the request
 */
export function accessOf(context: Context): RequestAccess | Promise<RequestAccess> {
  const state = (context as StatefulContext)[STATE];
  if (state === undefined) {
    throw new ConfigurationError(
      '@Access() and @CurrentToken() need a guarded action: add @Public() or @Authorized(...) to it, and serve it by oauth2.createKoaServer, oauth2.useKoaServer or with oauth2.routingControllers().',
    );
  }
  state.access ??= state.plan.guard.identify(context, state.plan);
  return state.access;
}
