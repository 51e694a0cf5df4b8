import type { Context } from 'koa';
import { TemporarilyUnavailableError, ThrottledError } from '../../../core/errors.js';
import { after } from '../../../core/promises.js';
import type { ServerContext } from '../../server-context.js';
import type { ThrottleAnswer } from '../../server-dependencies.js';
import type { Step } from '../endpoint-request.js';
import { countedAddress } from '../request/counted-address.js';
import type { Endpoint } from '../request/endpoint.js';

/** The limits of endpoints, by the option that sets each. */
const LIMITS = {
  token: 'token',
  authorize: 'authorize',
  introspection: 'introspection',
  // Two separate limits, so that devices and people at the same address do not affect each other.
  device: 'device',
  'device-page': 'device',
} as const;

/** The limits that apply to requests to endpoints. */
export type EndpointLimit = keyof typeof LIMITS;

/**
 * Creates the steps that count requests, one for each limit.
 *
 * The step throws ThrottledError, and TemporarilyUnavailableError while the store of the throttle is down.
 */
export function requestLimits(context: ServerContext): Readonly<Record<EndpointLimit, Step>> {
  const { settings, dependencies } = context;
  const limitBy = (name: EndpointLimit): Step => {
    const count = dependencies.throttle(name, settings.rates[LIMITS[name]]);
    return (request, next) => {
      const { outer, endpoint } = request;
      return after(count(keyOf(context, outer, endpoint)), (answer) => {
        admit(outer, answer);
        return next(request);
      });
    };
  };
  return {
    token: limitBy('token'),
    authorize: limitBy('authorize'),
    introspection: limitBy('introspection'),
    device: limitBy('device'),
    'device-page': limitBy('device-page'),
  };
}

/**
 * The key under which a request is counted: its address, and separately from it the requests that pages of other
 * origins send from that address without the user navigating. Applications navigate users to these pages; no page needs
 * them as images or through scripts.
 */
function keyOf({ settings, dependencies }: ServerContext, outer: Context, { caller, name }: Endpoint): string {
  const address = dependencies.address(outer);
  const mode = outer.req.headers['sec-fetch-mode'] ?? 'navigate';
  // User codes are submitted only by this server's own form.
  const isForm = name === 'code_verification' && outer.method === 'POST';
  if (caller === 'browser' && mode === 'navigate' && !isForm) return address;
  return countedAddress(outer, address, settings.issuer.origin);
}

/** @throws ThrottledError, TemporarilyUnavailableError */
function admit({ res }: Context, { allowed, unavailable, retryAfterSeconds, fields }: ThrottleAnswer): void {
  for (const name in fields) res.setHeader(name, fields[name] as string);
  if (unavailable) throw new TemporarilyUnavailableError({ retryAfterSeconds });
  if (!allowed) throw new ThrottledError(retryAfterSeconds);
}
