import type { Context } from 'koa';
import { type Action, HttpError, NotFoundError } from 'routing-controllers';
import type { GuardedAction } from '../resource-server/permissions/permission.js';
import { responseHandlersMetadata } from './fast/metadata-index.js';
import { notedAction } from './request-state.js';
import { onlyActionOfRoute } from './routed-action.js';

/**
 * What an action without a result is answered with: the error of its `@OnUndefined` if that says one, else 404, as
 * routing-controllers answers an action that returns nothing.
 */
export function nothingFound(context: Context, action: GuardedAction): unknown {
  const answer = undefinedResult(context, action);
  if (typeof answer === 'function') return Reflect.construct(answer, [requestOf(context)]);
  // A status of success would say that the action was carried out.
  return typeof answer === 'number' && answer >= 400 ? new HttpError(answer) : new NotFoundError();
}

function undefinedResult(context: Context, { controller, method }: GuardedAction): unknown {
  const handlers = method === '' ? handlersOfRoute(context) : responseHandlersMetadata.of(controller, method);
  return handlers.find(({ type }) => type === 'on-undefined')?.value;
}

/** A checker does not know which action it is asked for, unless a decorator of this package marks it. */
function handlersOfRoute({ method, routerPath }: Context & { readonly routerPath?: unknown }) {
  const action = onlyActionOfRoute(method, String(routerPath));
  return action === undefined ? [] : responseHandlersMetadata.of(action.target, action.method);
}

/** What routing-controllers gives to the constructors of such errors. */
function requestOf(context: Context): Action {
  return notedAction(context) ?? { request: context.request, response: context.response, context };
}
