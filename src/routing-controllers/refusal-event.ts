import type { Context } from 'koa';
import { InsufficientScopeError, OAuth2Error, TOKEN_EXPIRED } from '../core/errors.js';
import type { AccessRefusedEvent, RefusalReason } from '../core/events.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import type { ActionPlan } from './plan.js';
import type { Refusal } from './refusal.js';
import { knownAccess } from './request-state.js';
import { actionOfRoute } from './routed-action.js';

/** The event for a refusal; created only if there are listeners. */
export function refusalEvent(
  context: Context,
  plan: ActionPlan,
  refusal: Refusal,
  about: 'request' | 'object',
  address: (context: Context) => string,
): AccessRefusedEvent {
  const access = knownAccess(context, plan);
  const error = refusal.error instanceof OAuth2Error ? refusal.error : undefined;
  const details = error?.details;
  return {
    reason: reasonOf(refusal, access, about),
    status: refusal.status,
    error: error?.code ?? refusal.error.name,
    action: actionOf(context, plan),
    requestMethod: context.method,
    address: address(context),
    userId: access?.userId ?? details?.userId,
    clientId: access?.token?.clientId,
    issuer: access?.token?.issuer,
    subject: access?.token?.issuer === undefined ? undefined : access.token.subject,
    requiredScopes: details?.requiredScopes,
    providedScopes: details?.providedScopes,
    permission: details?.permission,
    retryAfterSeconds: details?.retryAfterSeconds,
  };
}

/** Until the caller is known, the refusal comes from authentication. */
function reasonOf({ error }: Refusal, access: RequestAccess | undefined, about: 'request' | 'object'): RefusalReason {
  if (!(error instanceof OAuth2Error)) return 'http_error';
  const { reason } = error.details;
  if (reason !== undefined) return reason;
  switch (error.code) {
    case 'authentication_required':
      return 'no_credentials';
    case 'invalid_request':
      return 'invalid_request';
    case 'invalid_token':
      return error.message === TOKEN_EXPIRED ? 'expired_token' : 'invalid_token';
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return 'invalid_dpop_proof';
    case 'insufficient_user_authentication':
      return 'insufficient_user_authentication';
    case 'throttled':
      return access === undefined ? 'failure_budget' : 'throttled';
    case 'temporarily_unavailable':
      return 'unavailable';
    case 'server_error':
      return 'fault';
    default:
      if (access === undefined) return 'invalid_credentials';
      if (about === 'object') return 'object_permission';
      return error instanceof InsufficientScopeError ? 'insufficient_scope' : 'permission';
  }
}

/** A checker does not know which action it is asked for, unless a decorator of this package marks it. */
function actionOf(context: Context, { action }: ActionPlan): AccessRefusedEvent['action'] {
  const { routerPath } = context as { routerPath?: unknown };
  const path = routerPath === undefined ? action.path : String(routerPath);
  if (action.method !== '') {
    return { controller: action.controller.name, method: action.method, verb: action.verb, path };
  }
  return { ...actionOfRoute(context.method, path), path };
}
