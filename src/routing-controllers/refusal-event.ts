import type { Context } from 'koa';
import { InsufficientScopeError, OAuth2Error, TOKEN_EXPIRED } from '../core/errors.js';
import type { AccessRefusedEvent, RefusalReason } from '../core/events/event-map.js';
import type { RequestAccess } from '../resource-server/request-access.js';
import { type AskedContext, accessEvent } from './access-event.js';
import type { ActionPlan } from './plan.js';
import type { Refusal } from './refusal.js';
import { knownAccess } from './request-state.js';

/** The event for a refusal; created only if there are listeners. */
export function refusalEvent(
  context: Context,
  plan: ActionPlan,
  refusal: Pick<Refusal, 'error' | 'status'>,
  reason: RefusalReason,
  asked: AskedContext,
): AccessRefusedEvent {
  const access = knownAccess(context, plan);
  const error = refusal.error instanceof OAuth2Error ? refusal.error : undefined;
  const details = error?.details;
  return {
    ...accessEvent(context, plan, access, asked),
    reason,
    status: refusal.status,
    error: error?.code ?? refusal.error.name,
    userId: access?.userId ?? details?.userId,
    requiredScopes: details?.requiredScopes,
    providedScopes: details?.providedScopes,
    permission: details?.permission,
    retryAfterSeconds: details?.retryAfterSeconds,
  };
}

/** Why a request was refused. Until the caller is known, the refusal comes from authentication. */
export function reasonOf(error: Error, access: RequestAccess | undefined, about: 'request' | 'object'): RefusalReason {
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
