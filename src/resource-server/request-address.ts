import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
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
 * The caller's address as the host determines it, e.g. from a field that only its proxy can set; with `undefined`,
 * `trustedProxies` applies.
 */
export type HostAddress = (context: Context) => string | undefined;

export interface RequestAddressOptions {
  readonly address?: HostAddress | undefined;
  readonly trustedProxies?: TrustedProxies | undefined;
  readonly ipv6PrefixLength?: number | undefined;
}

/**
 * Creates the function that determines the address of a request, according to the options.
 *
 * @throws ConfigurationError if `trustedProxies` or `ipv6PrefixLength` is invalid
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
  const warn = (what: string, fix: string): void => {
    if (warned) return;
    warned = true;
    logger.warn(
      `${what}. If a proxy of yours wrote it, ${fix}, or all callers behind it share one budget in every limit by address. (Logged once.)`,
    );
  };
  const resolve = addressResolver({
    trustedProxies,
    ipv6PrefixLength,
    onUntrustedPeer: (peer) =>
      warn(
        `X-Forwarded-For came from ${peer}, which is in none of the networks of the option trustedProxies, and is ignored`,
        'add its network',
      ),
  });
  if (trustedProxies === 0 || (typeof trustedProxies === 'object' && trustedProxies.length === 0)) {
    return ({ req }) => {
      const field = warned ? undefined : forwardingField(req.headers);
      if (field !== undefined) {
        warn(
          `A request came with ${field}, which is ignored because no proxy is trusted`,
          'set the option trustedProxies, or address',
        );
      }
      return resolve(req.socket.remoteAddress, undefined);
    };
  }
  return ({ req }) => {
    const forwardedFor = joined(req.headers['x-forwarded-for']);
    const field = warned || forwardedFor !== undefined ? undefined : forwardingField(req.headers);
    if (field !== undefined) {
      warn(
        `A request came with ${field} but without X-Forwarded-For, the only field that the option trustedProxies uses`,
        'make it write X-Forwarded-For too, or set the option address',
      );
    }
    return resolve(req.socket.remoteAddress, forwardedFor);
  };
}

/** The header field in which a proxy wrote the caller's address, if there is one. */
function forwardingField(headers: IncomingHttpHeaders): string | undefined {
  if (headers['x-forwarded-for'] !== undefined) return 'X-Forwarded-For';
  if (headers.forwarded !== undefined) return 'Forwarded';
  return headers['x-real-ip'] === undefined ? undefined : 'X-Real-IP';
}

/** Node joins the lines of these fields itself; requests constructed by other code may have them separate. */
function joined(field: string | string[] | undefined): string | undefined {
  return Array.isArray(field) ? field.join(',') : field;
}

interface HostAddressDependencies {
  readonly usual: AddressOf;
  readonly byConnection: AddressOf;
  readonly ipv6PrefixLength: number;
  readonly logger: Logger;
}

/** The host's function is called once per request, so that all counters use the same key. */
function hostAddress(
  ask: HostAddress,
  { usual, byConnection, ipv6PrefixLength, logger }: HostAddressDependencies,
): AddressOf {
  const known = new WeakMap<IncomingMessage, string>();
  let warned = false;
  const warn = (what: string): undefined => {
    if (!warned)
      logger.warn(
        `The option address ${what}; the address of the connection counts instead. It has to return an IP address or undefined synchronously. (Logged once.)`,
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
    // Otherwise its rejection would be unhandled and end the process.
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
