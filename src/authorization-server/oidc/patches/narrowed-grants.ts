import type { Grant } from 'oidc-provider';
import type { ClientApplication } from '../../clients/client-metadata.js';
import type { ScopeRules } from '../../grants/scope-rules.js';
import { Provider } from '../oidc-provider.js';

/**
 * Lets a grant give only what its application may be given now: a scope that was taken from the application, or that
 * there is no more, is gone from its next access token, and not only once its refresh tokens have ended. The response
 * says which scopes are left (RFC 6749 §5.1).
 */
export function narrowGrants(prototype: Grant, rules: ScopeRules): void {
  const { getOIDCScopeFiltered, getResourceScopeFiltered } = prototype;
  const narrowed = (grant: Grant, scope: string): string => {
    const client = Provider.ctx?.oidc?.client;
    if (client === undefined || client.clientId !== grant.clientId) return scope;
    const names = scope.split(' ');
    return names.filter((name) => rules.allows(name, client.application as ClientApplication)).join(' ');
  };
  prototype.getOIDCScopeFiltered = function filtered(this: Grant, filter) {
    return narrowed(this, getOIDCScopeFiltered.call(this, filter));
  };
  prototype.getResourceScopeFiltered = function filtered(this: Grant, resource, filter) {
    return narrowed(this, getResourceScopeFiltered.call(this, resource, filter));
  };
}
