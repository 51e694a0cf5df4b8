import type { Client, Provider } from 'oidc-provider';
import { noteAskedScope } from '../hooks/requested-scope.js';
import { holdStepUpParameters } from '../hooks/step-up-parameters.js';
import { Provider as CurrentProvider, errors } from '../oidc-provider.js';
import { requireMethods } from './require-methods.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Lets what an application was not registered for be `unauthorized_client` (RFC 6749 §4.1.2.1, §5.2; RFC 8628 §3.2).
 *
 * Patched: `Client.prototype.grantTypeAllowed` and `.responseTypeAllowed`, whose refusals are `invalid_request`. They are
 * also the first that is asked about a request, so the scope is noted there, and the parameters of step-up.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc6749/token-endpoint.test.ts`, `test/spec/rfc6749/authorization-endpoint.test.ts`,
 * `test/spec/rfc8628/device.test.ts`, `test/spec/rfc9470/step-up.test.ts`
 */
export function refuseUnregistered({ Client }: Provider): void {
  const prototype: Client = Client.prototype;
  requireMethods(prototype, 'Client.prototype', ['grantTypeAllowed', 'responseTypeAllowed']);
  const { grantTypeAllowed, responseTypeAllowed } = prototype;
  prototype.grantTypeAllowed = function allowed(this: Client, type) {
    // The device grant has no response type.
    if (type === DEVICE_CODE) noteRequest();
    // It is also called for grants that merely follow from the requested one.
    if (grantTypeAllowed.call(this, type)) return true;
    if (type === requestedGrantType()) throw refused('the grant type');
    return false;
  };
  prototype.responseTypeAllowed = function allowed(this: Client, type) {
    noteRequest();
    if (responseTypeAllowed.call(this, type)) return true;
    throw refused('the response type');
  };
}

function noteRequest(): void {
  noteAskedScope(CurrentProvider.ctx);
  holdStepUpParameters(CurrentProvider.ctx);
}

function requestedGrantType(): unknown {
  const oidc = CurrentProvider.ctx?.oidc;
  return oidc?.route === 'device_authorization' ? DEVICE_CODE : oidc?.params?.grant_type;
}

function refused(what: string): Error {
  return new errors.UnauthorizedClient(`the application is not registered for ${what}`);
}
