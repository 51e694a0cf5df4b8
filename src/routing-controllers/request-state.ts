import type { Context } from 'koa';
import { ConfigurationError } from '../core/errors.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import type { ActionPlan } from './plan.js';

const STATE = Symbol('routing-controllers-oauth2');
const UNGUARDED = Symbol('routing-controllers-oauth2, unguarded');

/** What is kept of a request: the plan of its action, and who makes it, once that is known. */
interface RequestState {
  readonly plan: ActionPlan;
  access: RequestAccess | Promise<RequestAccess> | undefined;
}

type StatefulContext = Context & { [STATE]?: RequestState; [UNGUARDED]?: RequestState };

/**
 * Notes the plan of the action that a request goes to, and who makes it, if that is known; every later question is
 * answered by this.
 */
export function setState(context: Context, plan: ActionPlan, access: RequestState['access']): void {
  (context as StatefulContext)[STATE] = { plan, access };
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
  return identified(context, state);
}

/**
 * The same for `@CurrentUser()`, which may stand on an action that no guard has seen: then the plan says how to look. It
 * is kept apart, so that `accessOf` never takes such a request for a guarded one.
 */
export function accessOrUnguarded(context: Context, plan: ActionPlan): RequestAccess | Promise<RequestAccess> {
  const stateful = context as StatefulContext;
  if (stateful[STATE] !== undefined) return identified(context, stateful[STATE]);
  stateful[UNGUARDED] ??= { plan, access: undefined };
  return identified(context, stateful[UNGUARDED]);
}

function identified(context: Context, state: RequestState): RequestAccess | Promise<RequestAccess> {
  state.access ??= state.plan.identify(context);
  return state.access;
}
