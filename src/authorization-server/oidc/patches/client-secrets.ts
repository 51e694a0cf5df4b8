import type { Client, Provider } from 'oidc-provider';
import { TemporarilyUnavailableError, ThrottledError } from '../../../core/errors.js';
import { isSecretOf } from '../../clients/imported-secrets.js';
import type { ServerContext } from '../../server-context.js';
import { currentState } from '../inner-state.js';
import { errors } from '../oidc-provider.js';
import { asOutage } from '../outage.js';
import { requireMethods } from './require-methods.js';

/**
 * Lets secrets be compared by the application that they are of, whose row holds only a digest.
 *
 * Patched: `Client.prototype.compareClientSecret`, which compares with a secret that is stored in the clear.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc6749/client-authentication.test.ts`, `test/spec/rfc6585/client-lock-outs.test.ts`
 */
export function compareStoredSecrets({ Client }: Provider, context: ServerContext): void {
  const prototype = Client.prototype as { compareClientSecret(secret: string): Promise<boolean> };
  requireMethods(prototype, 'Client.prototype', ['compareClientSecret']);
  const isSecret = asOutage(isSecretInRequest.bind(undefined, context));
  prototype.compareClientSecret = function compareClientSecret(this: Client, secret) {
    return isSecret(this.clientId, secret);
  };
}

async function isSecretInRequest(context: ServerContext, clientId: string, secret: string): Promise<boolean> {
  const { dependencies, findApplication, clientAuthentications } = context;
  const application = await findApplication(clientId);
  const state = currentState();
  if (application === undefined) {
    if (state !== undefined) state.secretIsRight = false;
    return false;
  }
  const isKnown = state !== undefined && clientAuthentications.isKnown(state.outer, application.clientId);
  try {
    const isRight = await isSecretOf(dependencies, application, secret, isKnown);
    if (state !== undefined) state.secretIsRight = isRight;
    return isRight;
  } catch (error) {
    if (state === undefined || !isRefusal(error)) throw error;
    // Answered by the dispatcher, with its `Retry-After`.
    state.refusal = error;
    throw endOf(error);
  }
}

function isRefusal(error: unknown): error is ThrottledError | TemporarilyUnavailableError {
  return error instanceof ThrottledError || error instanceof TemporarilyUnavailableError;
}

/** Ends oidc-provider's handling of the request. */
function endOf({ status, code }: ThrottledError | TemporarilyUnavailableError): Error {
  return Object.assign(new errors.OIDCProviderError(status, code), { expose: true });
}
