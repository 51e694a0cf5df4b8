import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ConfigurationError } from './errors.js';

export interface AddressOptions {
  /**
   * How many reverse proxies stand before the application, each of which appends the address it was called from to
   * `X-Forwarded-For`. 0, the default, trusts the connection alone.
   */
  readonly trustedProxies?: number | undefined;
}

/**
 * Gives the key of the address that a request comes from: `ip:203.0.113.5`, or the /64 of an IPv6 address, as
 * `ip:2001:db8:1:2::/64`, since one host has all of it.
 *
 * @param remoteAddress the peer of the connection
 * @param forwardedFor the whole `X-Forwarded-For` field, several lines joined by commas as Node does
 */
export type AddressResolver = (remoteAddress: string | undefined, forwardedFor: string | undefined) => string;

/** The key of a connection that has no address any more, or none at all (a Unix socket). */
export const UNKNOWN_ADDRESS = 'ip:unknown';

const MAXIMUM_TRUSTED_PROXIES = 32;
const MAPPED = '::ffff:';

/**
 * Makes the resolver. The `trustedProxies`-th entry from the right was written by the outermost trusted proxy; all to
 * its left is the caller's own writing and is never read.
 *
 * @throws ConfigurationError if `trustedProxies` is no whole number from 0 to 32
 */
export function addressResolver({ trustedProxies = 0 }: AddressOptions = {}): AddressResolver {
  if (!Number.isInteger(trustedProxies) || trustedProxies < 0 || trustedProxies > MAXIMUM_TRUSTED_PROXIES) {
    throw new ConfigurationError(
      `trustedProxies: ${JSON.stringify(trustedProxies) ?? String(trustedProxies)} is not a number of proxies; give a whole number from 0 (none) to ${MAXIMUM_TRUSTED_PROXIES}.`,
    );
  }
  if (trustedProxies === 0) return (remoteAddress) => socketKey(remoteAddress);
  return (remoteAddress, forwardedFor) =>
    (forwardedFor === undefined ? undefined : forwardedKey(forwardedFor, trustedProxies)) ?? socketKey(remoteAddress);
}

function socketKey(remoteAddress: string | undefined): string {
  return (remoteAddress === undefined ? undefined : addressKey(remoteAddress)) ?? UNKNOWN_ADDRESS;
}

/**
 * The key of the last readable entry on the way from the right to the `hops`-th. With fewer entries than hops the
 * request did not come through all proxies, so that none of them need be a proxy's writing: no answer.
 */
function forwardedKey(forwardedFor: string, hops: number): string | undefined {
  let end = forwardedFor.length;
  let key: string | undefined;
  for (let hop = 1; hop <= hops; hop++) {
    if (end < 0) return undefined;
    const comma = end === 0 ? -1 : forwardedFor.lastIndexOf(',', end - 1);
    key = addressKey(withoutPort(forwardedFor.slice(comma + 1, end).trim())) ?? key;
    end = comma;
  }
  return key;
}

/** Some proxies write the port too: `203.0.113.5:1234`, `[2001:db8::1]:1234` (as RFC 7239 §6). */
function withoutPort(entry: string): string {
  if (entry.startsWith('[')) {
    const close = entry.indexOf(']');
    return close < 0 ? entry : entry.slice(1, close);
  }
  const colon = entry.indexOf(':');
  return colon > 0 && colon === entry.lastIndexOf(':') ? entry.slice(0, colon) : entry;
}

/** The key of one address, or `undefined` if the text is none. */
export function addressKey(text: string): string | undefined {
  if (isIPv4(text)) return `ip:${text}`;
  if (text.startsWith(MAPPED)) {
    const mapped = text.slice(MAPPED.length);
    if (isIPv4(mapped)) return `ip:${mapped}`;
  }
  // Only the name of an interface stands behind a percent sign (RFC 4007 §11), and the parsers refuse some names.
  const [plain] = text.split('%', 1) as [string];
  if (!isIPv6(plain)) return undefined;
  const address = ipaddr.IPv6.parse(plain);
  if (address.isIPv4MappedAddress()) return `ip:${address.toIPv4Address().toString()}`;
  const network = new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]);
  return `ip:${network.toRFC5952String()}/64`;
}
