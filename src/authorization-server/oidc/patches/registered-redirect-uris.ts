import type { Client, Provider } from 'oidc-provider';
import { isRegistered } from '../../clients/redirect-uris.js';
import { applicationOf } from '../client-metadata.js';
import { requireMethods } from './require-methods.js';

/**
 * Compares redirect URIs by this package's rule: to the letter, but for the port of a loopback address. What may be
 * registered was judged when it was, by that rule too.
 *
 * Patched: `Client.prototype.redirectUriAllowed` and `.postLogoutRedirectUriAllowed`, which go by `application_type`, that
 * an application says of itself; `Client.Schema.prototype.redirectUris`, which judges them once more at each request.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc6749/authorization-endpoint.test.ts`, `test/spec/rfc8252/redirect-schemes.test.ts`
 */
export function compareRegisteredUris({ Client }: Provider): void {
  const prototype = Client.prototype as {
    redirectUriAllowed(uri: string): boolean;
    postLogoutRedirectUriAllowed(uri: string): boolean;
  };
  requireMethods(prototype, 'Client.prototype', ['redirectUriAllowed', 'postLogoutRedirectUriAllowed']);
  prototype.redirectUriAllowed = function redirectUriAllowed(this: Client, uri) {
    return isRegistered(uri, this.redirectUris ?? [], applicationOf(this).isPublic);
  };
  prototype.postLogoutRedirectUriAllowed = function postLogoutRedirectUriAllowed(this: Client, uri) {
    return isRegistered(uri, this.postLogoutRedirectUris ?? [], applicationOf(this).isPublic);
  };
  const { Schema } = Client as unknown as { readonly Schema: { readonly prototype: Record<string, () => void> } };
  requireMethods(Schema.prototype, 'Client.Schema.prototype', ['redirectUris']);
  Schema.prototype.redirectUris = () => {};
}
