import type { Context } from 'koa';
import type { Action } from 'routing-controllers';
import { ConfigurationError } from '../core/errors.js';
import { RequestAccess } from '../resource-server/request-access.js';
import type { ActionPlan } from './plan.js';
import type { Refusal } from './refusal.js';

/** The key of the guard's state of a request to a guarded action, on the context of the request. */
export const STATE = Symbol('routing-controllers-oauth2');
const UNGUARDED = Symbol('routing-controllers-oauth2, unguarded');

/** Identifies the caller of a request. */
export interface Identifier {
  identify(context: Context, plan: ActionPlan): RequestAccess | Promise<RequestAccess>;
}

/** The state of a request: the guard and the plan of its action, and the identity of the caller once it is known. */
export interface RequestState {
  readonly guard: Identifier;
  readonly plan: ActionPlan;
  access: RequestAccess | Promise<RequestAccess> | undefined;
  /** The object that routing-controllers passes around for the request, once a parameter of the action was read. */
  action?: Action;
  /** What was thrown inside the action. */
  refusal?: Refusal;
}

/** The context of a request, with its state. */
export type StatefulContext = Context & { [STATE]?: RequestState; [UNGUARDED]?: RequestState };

/** The caller, if known by now and identified under this plan. */
export function knownAccess(context: Context, plan: ActionPlan): RequestAccess | undefined {
  const state = (context as StatefulContext)[STATE];
  return state?.plan === plan && state.access instanceof RequestAccess ? state.access : undefined;
}

/** The caller, if known by now, under whatever plan. */
export function accessKnownBy(context: Context): RequestAccess | undefined {
  const access = (context as StatefulContext)[STATE]?.access;
  return access instanceof RequestAccess ? access : undefined;
}

/** Stores the object that routing-controllers passes around for a request to a guarded action. */
export function noteAction(action: Action): void {
  const state = (action.context as StatefulContext)[STATE];
  if (state !== undefined) state.action = action;
}

export function notedAction(context: Context): Action | undefined {
  return (context as StatefulContext)[STATE]?.action;
}

/** Stores a refusal that is thrown inside the action, for the error handler. */
export function noteRefusal(context: Context, refusal: Refusal): void {
  const state = (context as StatefulContext)[STATE];
  if (state !== undefined) state.refusal = refusal;
}

export function notedRefusal(context: Context): Refusal | undefined {
  return (context as StatefulContext)[STATE]?.refusal;
}

/**
 * The caller of the request. For a public action that did not need to know, it is identified now.
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
 * The same for `@CurrentUser()`, which may be on an action that no guard has seen: then the plan determines how to
 * identify the caller. The result is stored separately, so that `accessOf` never treats such a request as guarded.
 */
export function accessOrUnguarded(
  context: Context,
  guard: Identifier,
  plan: ActionPlan,
): RequestAccess | Promise<RequestAccess> {
  const stateful = context as StatefulContext;
  if (stateful[STATE] !== undefined) return identified(context, stateful[STATE]);
  stateful[UNGUARDED] ??= { guard, plan, access: undefined };
  return identified(context, stateful[UNGUARDED]);
}

function identified(context: Context, state: RequestState): RequestAccess | Promise<RequestAccess> {
  state.access ??= state.guard.identify(context, state.plan);
  return state.access;
}
