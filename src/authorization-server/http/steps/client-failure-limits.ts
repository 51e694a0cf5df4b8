import type { Context } from 'koa';
import { ThrottledError } from '../../../core/errors.js';
import type { Dispatched } from '../../oidc/inner-dispatcher.js';
import type { ServerContext } from '../../server-context.js';
import type { Step } from '../endpoint-request.js';
import type { Endpoint } from '../request/endpoint.js';
import { claimedClientId } from '../request/presented-client.js';

/** Limits failures of client authentication (RFC 6749 §2.3.1). */
export function countClientFailures(context: ServerContext): Step {
  const { clientAuthentications } = context;
  return async (request, next) => {
    const { outer, endpoint, client } = request;
    const authentication = await clientAuthentications.begin(outer, client);
    const { refused } = authentication;
    if (refused !== undefined) throw new ThrottledError(refused.retryAfterSeconds);
    let outcome: 'right' | 'wrong' | undefined;
    try {
      await next(request);
      const { dispatched } = request;
      // A fast path answers only successes.
      outcome = dispatched === undefined ? 'right' : outcomeOf(dispatched);
    } finally {
      authentication.end(outcome);
    }
    if (outcome === 'wrong') tellRefused(context, outer, endpoint, claimedClientId(outer, request.read.parameters));
  };
}

function tellRefused(
  { settings, dependencies }: ServerContext,
  outer: Context,
  endpoint: Endpoint,
  clientId: string | undefined,
): void {
  // RFC 9110 §15.5.2: a 401 has a challenge, even if the secret was in the body.
  if (outer.status === 401 && !outer.res.hasHeader('WWW-Authenticate')) {
    outer.set('WWW-Authenticate', `Basic realm="${settings.issuer.identifier}"`);
  }
  const address = dependencies.address(outer);
  dependencies.events.tell('client.refused', () => ({ clientId, address, endpoint: endpoint.name }));
}

/** The result of client authentication; `undefined` if there was none. */
function outcomeOf({ inner: { body, status }, state }: Dispatched): 'right' | 'wrong' | undefined {
  if (isInvalidClient(body)) return 'wrong';
  return status < 300 || state.secretIsRight === true ? 'right' : undefined;
}

function isInvalidClient(body: unknown): boolean {
  return typeof body === 'object' && body !== null && (body as { error?: unknown }).error === 'invalid_client';
}
