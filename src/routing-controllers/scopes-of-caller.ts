import type { Context } from 'koa';
import { InsufficientScopeError, type OAuth2Error } from '../core/errors.js';
import { schemeOf } from '../core/verified-token.js';
import { accessKnownBy } from './request-state.js';

/**
 * An action or a permission that misses a scope names it, and need not know what the token has: that is added here, so
 * that its refusal says as much as that of a guard.
 */
export function withScopesOfCaller(context: Context, error: OAuth2Error): OAuth2Error {
  const isPlain = error instanceof InsufficientScopeError && error.constructor === InsufficientScopeError;
  if (!isPlain || error.details.providedScopes !== undefined) return error;
  const access = accessKnownBy(context);
  if (access === undefined) return error;
  const scheme = access.token && schemeOf(access.token);
  const details = { ...(scheme !== undefined && { scheme }), ...error.details, providedScopes: access.scopes };
  return new InsufficientScopeError(details, error.message);
}
