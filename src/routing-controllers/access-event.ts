import type { Context } from 'koa';
import type { AccessEvent, EventAction } from '../core/events/event-map.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import type { ActionPlan } from './plan.js';
import { actionOfRoute } from './routed-action.js';

/** What events and log lines ask of the context of a request. */
export interface AskedContext {
  /** The key of the caller's address. */
  readonly address: (context: Context) => string;
  readonly requestId: (context: Context) => string | undefined;
}

/** What all events about a decision on a request contain. */
export function accessEvent(
  context: Context,
  plan: ActionPlan,
  access: RequestAccess | undefined,
  { address, requestId }: AskedContext,
): AccessEvent {
  const token = access?.token;
  return {
    action: actionOf(context, plan),
    requestId: requestId(context),
    requestMethod: context.method,
    address: address(context),
    userId: access?.userId,
    clientId: token?.clientId,
    issuer: token?.issuer,
    subject: token?.issuer === undefined ? undefined : token.subject,
  };
}

/** A checker does not know which action it is asked for, unless a decorator of this package marks it. */
export function actionOf(context: Context, { action, eventAction }: ActionPlan): EventAction {
  const { routerPath } = context as { routerPath?: unknown };
  const path = routerPath === undefined ? action.path : String(routerPath);
  if (action.method !== '') return path === action.path ? eventAction : { ...eventAction, path };
  return { ...actionOfRoute(context.method, path), path };
}
