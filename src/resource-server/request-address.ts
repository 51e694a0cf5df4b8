import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import {
  addressResolver,
  ipv6PrefixLengthOf,
  keyOfAddress,
  parseAddress,
  type TrustedProxies,
} from '../core/addresses/index.js';
import type { Logger } from '../core/logger.js';
import { describeValue } from '../core/options/index.js';
import { isPromiseLike } from '../core/promises.js';

/** The key of the address that a request comes from, e.g. `ip:203.0.113.5`. */
export type AddressOf = (context: Context) => string;

/**
 * The caller's address as the host knows it, e.g. from a field that only its proxy can set; `undefined` leaves the
 * request to `trustedProxies`.
 */
export type HostAddress = (context: Context) => string | undefined;

export interface RequestAddressOptions {
  readonly address?: HostAddress | undefined;
  readonly trustedProxies?: TrustedProxies | undefined;
  readonly ipv6PrefixLength?: number | undefined;
}

/** What proxies write where a caller comes from into. */
const FORWARDING_FIELDS = ['x-forwarded-for', 'forwarded', 'x-real-ip'] as const;

/**
 * How the address of a request is found, by the options.
 *
 * @throws ConfigurationError if `trustedProxies` or `ipv6PrefixLength` cannot be
 */
export function requestAddress(options: RequestAddressOptions, logger: Logger): AddressOf {
  const byConnection = addressResolver({ ipv6PrefixLength: options.ipv6PrefixLength });
  const usual = usualAddress(options, logger);
  return options.address === undefined
    ? usual
    : hostAddress(options.address, {
        usual,
        byConnection: ({ req }) => byConnection(req.socket.remoteAddress, undefined),
        ipv6PrefixLength: ipv6PrefixLengthOf(options),
        logger,
      });
}

function usualAddress({ trustedProxies = 0, ipv6PrefixLength }: RequestAddressOptions, logger: Logger): AddressOf {
  let warned = false;
  const warn = (message: string) => {
    warned = true;
    logger.warn(message);
  };
  const resolve = addressResolver({
    trustedProxies,
    ipv6PrefixLength,
    onUntrustedPeer: (peer) => {
      if (!warned)
        warn(
          `X-Forwarded-For came from ${peer}, which is in none of the networks of the option trustedProxies, and is ignored there. ${FROM_A_PROXY} add its network, or all callers behind it share one budget of every limit by address.`,
        );
    },
  });
  const trustsNone = trustedProxies === 0 || (typeof trustedProxies === 'object' && trustedProxies.length === 0);
  if (!trustsNone) {
    return ({ req }) => resolve(req.socket.remoteAddress, joined(req.headers['x-forwarded-for']));
  }
  return ({ req }) => {
    if (!warned) {
      const field = FORWARDING_FIELDS.find((name) => req.headers[name] !== undefined);
      if (field !== undefined)
        warn(
          `A request came with ${WRITTEN[field]}, which is ignored, since no proxy is trusted. ${FROM_A_PROXY} set the option trustedProxies (or address), or all callers behind it share one budget of every limit by address.`,
        );
    }
    return resolve(req.socket.remoteAddress, undefined);
  };
}

const FROM_A_PROXY = 'If a proxy of yours wrote it,';
const WRITTEN = { 'x-forwarded-for': 'X-Forwarded-For', forwarded: 'Forwarded', 'x-real-ip': 'X-Real-IP' } as const;

/** Node joins the lines of these fields itself; who makes requests by hand may leave them apart. */
function joined(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(',') : field;
}

interface HostAddressParts {
  readonly usual: AddressOf;
  readonly byConnection: AddressOf;
  readonly ipv6PrefixLength: number;
  readonly logger: Logger;
}

/** The host is asked once per request, so that all that counts the request counts it under one key. */
function hostAddress(ask: HostAddress, { usual, byConnection, ipv6PrefixLength, logger }: HostAddressParts): AddressOf {
  const known = new WeakMap<IncomingMessage, string>();
  let warned = false;
  const warn = (what: string): undefined => {
    if (!warned)
      logger.warn(
        `The option address ${what}; the address of the connection counts instead. It has to answer at once with an IP address, or with undefined. (Said once.)`,
      );
    warned = true;
  };
  const answered = (context: Context): string | undefined => {
    let answer: unknown;
    try {
      answer = ask(context);
    } catch (error) {
      return warn(`failed (${error instanceof Error ? error.name : describeValue(error)})`);
    }
    if (answer === undefined) return usual(context);
    const address = typeof answer === 'string' ? parseAddress(answer) : undefined;
    if (address !== undefined) return keyOfAddress(address, ipv6PrefixLength);
    // Its rejection would otherwise be nobody's, and end the process.
    if (isPromiseLike(answer)) answer.then(undefined, () => undefined);
    return warn(`answered with ${describeValue(answer)}`);
  };
  return (context) => {
    let key = known.get(context.req);
    if (key === undefined) {
      key = answered(context) ?? byConnection(context);
      known.set(context.req, key);
    }
    return key;
  };
}
