import { wholeNumberOption } from '../options/index.js';
import {
  DEFAULT_IPV6_PREFIX_LENGTH,
  IPV6_PREFIX_LENGTHS,
  type IpAddress,
  keyOfAddress,
  keyOfEntry,
  keyOfPeer,
  LONGEST_ADDRESS,
  parseAddress,
} from './ip-address.js';
import { MOST_PROXIES, readTrustedProxies, type TrustedNetworks, type TrustedProxies } from './trusted-proxies.js';

export interface AddressOptions {
  /**
   * How many reverse proxies stand before the application, each of which appends the address it was called from to
   * `X-Forwarded-For`, or the networks that they are in. 0, the default, trusts the connection alone.
   */
  readonly trustedProxies?: TrustedProxies | undefined;
  /** How many leading bits of an IPv6 address count as one caller, 32 to 128. Default 64. */
  readonly ipv6PrefixLength?: number | undefined;
  /**
   * Called with the peer of each connection whose `X-Forwarded-For` was ignored because the peer is in none of the
   * networks.
   */
  readonly onUntrustedPeer?: ((remoteAddress: string) => void) | undefined;
}

/**
 * Returns the key of the address that a request comes from: `ip:203.0.113.5`, or for IPv6 the network, such as
 * `ip:2001:db8:1:2::/64`, since one host usually has all of it.
 *
 * @param remoteAddress the peer of the connection
 * @param forwardedFor the whole `X-Forwarded-For` field, several lines joined by commas as Node does
 */
export type AddressResolver = (remoteAddress: string | undefined, forwardedFor: string | undefined) => string;

/** The key of a connection that has no address: a closed one, or a Unix socket. */
export const UNKNOWN_ADDRESS = 'ip:unknown';

/**
 * Creates the resolver. Entries are read from the right, where the nearest proxy appends, and no further than a trusted
 * proxy wrote them: everything to the left of that was sent by the caller.
 *
 * @throws ConfigurationError if `trustedProxies` or `ipv6PrefixLength` is invalid
 */
export function addressResolver(options: AddressOptions = {}): AddressResolver {
  const trusted = readTrustedProxies('trustedProxies', options.trustedProxies ?? 0);
  const prefixLength = ipv6PrefixLengthOf(options);
  const { onUntrustedPeer } = options;
  const peerKey = (remoteAddress: string | undefined) =>
    (remoteAddress === undefined ? undefined : keyOfPeer(remoteAddress, prefixLength)) ?? UNKNOWN_ADDRESS;
  if (trusted === 0) return peerKey;
  if (typeof trusted === 'number') {
    return (remoteAddress, forwardedFor) => {
      const key = forwardedFor === undefined ? undefined : keyByHops(forwardedFor, trusted, prefixLength);
      return key ?? peerKey(remoteAddress);
    };
  }
  return (remoteAddress, forwardedFor) => {
    if (remoteAddress === undefined || forwardedFor === undefined) return peerKey(remoteAddress);
    const peer = parseAddress(remoteAddress);
    if (peer !== undefined && trusted.holds(peer)) {
      return keyOfAddress(addressByNetworks(peer, forwardedFor, trusted), prefixLength);
    }
    onUntrustedPeer?.(remoteAddress);
    return peerKey(remoteAddress);
  };
}

/**
 * Checks the option.
 *
 * @throws ConfigurationError unless it is a whole number from 32 to 128
 */
export function ipv6PrefixLengthOf({ ipv6PrefixLength }: Pick<AddressOptions, 'ipv6PrefixLength'>): number {
  return wholeNumberOption('ipv6PrefixLength', ipv6PrefixLength ?? DEFAULT_IPV6_PREFIX_LENGTH, IPV6_PREFIX_LENGTHS);
}

/**
 * The key of the `hops`-th entry from the right, which the outermost trusted proxy wrote; if that entry cannot be read,
 * the key of the last readable one before it. `undefined` if there are fewer entries than hops: the request did not
 * come through all proxies, and the entries may be forged.
 */
function keyByHops(forwardedFor: string, hops: number, prefixLength: number): string | undefined {
  let end = forwardedFor.length;
  let nearest: string | undefined;
  for (let hop = 1; hop <= hops; hop += 1) {
    if (end < 0) return undefined;
    const start = startOfEntry(forwardedFor, end);
    if (start === undefined) return nearest;
    nearest = keyOfEntry(forwardedFor.slice(start, end), prefixLength) ?? nearest;
    end = start - 1;
  }
  return nearest;
}

/**
 * The first address, starting with the peer and then from the right, that is in none of the trusted networks; a trusted
 * proxy wrote it. If an entry cannot be read, or all entries are proxies, the last address before it.
 */
function addressByNetworks(peer: IpAddress, forwardedFor: string, trusted: TrustedNetworks): IpAddress {
  let end = forwardedFor.length;
  let nearest = peer;
  for (let hop = 1; hop <= MOST_PROXIES && end >= 0; hop += 1) {
    const start = startOfEntry(forwardedFor, end);
    const address = start === undefined ? undefined : parseAddress(forwardedFor.slice(start, end));
    if (start === undefined || address === undefined) return nearest;
    nearest = address;
    if (!trusted.holds(address)) return nearest;
    end = start - 1;
  }
  return nearest;
}

const COMMA = 0x2c;

/** The start of the entry that ends here; `undefined` if the entry is too long to be an address. */
function startOfEntry(field: string, end: number): number | undefined {
  const furthest = Math.max(end - LONGEST_ADDRESS, 0);
  for (let start = end; start >= furthest; start -= 1) {
    if (start === 0 || field.charCodeAt(start - 1) === COMMA) return start;
  }
  return undefined;
}
