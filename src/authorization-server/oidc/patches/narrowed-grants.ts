import type { Grant, Provider } from 'oidc-provider';
import type { ScopeRules } from '../../grants/scope-rules.js';
import { applicationOf } from '../client-metadata.js';
import { Provider as CurrentProvider } from '../oidc-provider.js';
import { requireMethods } from './require-methods.js';

/**
 * Lets a grant give only what its application may be given now: a scope that was taken from the application, or that
 * there is no more, is gone from its next access token, and not only once its refresh tokens have ended. The response
 * says which scopes are left (RFC 6749 §5.1).
 *
 * Patched: `Grant.prototype.getOIDCScopeFiltered` and `.getResourceScopeFiltered`, which give what was granted.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/asvs/granted-scopes.test.ts`,
 * `test/integration/authorization-server/endpoints/changed-applications.test.ts`
 */
export function narrowGrants({ Grant }: Provider, rules: ScopeRules): void {
  const prototype: Grant = Grant.prototype;
  requireMethods(prototype, 'Grant.prototype', ['getOIDCScopeFiltered', 'getResourceScopeFiltered']);
  const { getOIDCScopeFiltered, getResourceScopeFiltered } = prototype;
  const narrowed = (grant: Grant, scope: string): string => {
    const client = CurrentProvider.ctx?.oidc?.client;
    if (client === undefined || client.clientId !== grant.clientId) return scope;
    const names = scope.split(' ');
    return names.filter((name) => rules.allows(name, applicationOf(client))).join(' ');
  };
  prototype.getOIDCScopeFiltered = function filtered(this: Grant, filter) {
    return narrowed(this, getOIDCScopeFiltered.call(this, filter));
  };
  prototype.getResourceScopeFiltered = function filtered(this: Grant, resource, filter) {
    return narrowed(this, getResourceScopeFiltered.call(this, resource, filter));
  };
}
