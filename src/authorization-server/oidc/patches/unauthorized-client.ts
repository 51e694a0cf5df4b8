import type { Client } from 'oidc-provider';
import { noteAskedScope } from '../hooks/requested-scope.js';
import { errors, Provider } from '../oidc-provider.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Lets what an application was not registered for be `unauthorized_client` (RFC 6749 §4.1.2.1, §5.2; RFC 8628 §3.2).
 * oidc-provider itself says `invalid_request`.
 */
export function refuseUnregistered(prototype: Client): void {
  const { grantTypeAllowed, responseTypeAllowed } = prototype;
  prototype.grantTypeAllowed = function allowed(this: Client, type) {
    // The grant of devices has no response type.
    if (type === DEVICE_CODE) noteAskedScope(Provider.ctx);
    // It is also asked about grants that only follow from the one of the request.
    if (grantTypeAllowed.call(this, type)) return true;
    if (type === requestedGrantType()) throw refused('the grant type');
    return false;
  };
  prototype.responseTypeAllowed = function allowed(this: Client, type) {
    noteAskedScope(Provider.ctx);
    if (responseTypeAllowed.call(this, type)) return true;
    throw refused('the response type');
  };
}

function requestedGrantType(): unknown {
  const oidc = Provider.ctx?.oidc;
  return oidc?.route === 'device_authorization' ? DEVICE_CODE : oidc?.params?.grant_type;
}

function refused(what: string): Error {
  return new errors.UnauthorizedClient(`the application is not registered for ${what}`);
}
