import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** An address as `ipaddr.js` represents it. IPv4-mapped IPv6 addresses (`::ffff:203.0.113.5`) are converted to IPv4. */
export type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/** One host usually has a whole /64. */
export const DEFAULT_IPV6_PREFIX_LENGTH = 64;
/** With less than /32, one budget would cover whole providers; /128 is a single address. */
export const IPV6_PREFIX_LENGTHS = { least: 32, most: 128 } as const;

/** Longer than any address with brackets, zone and port; longer texts are rejected without parsing. */
export const LONGEST_ADDRESS = 128;

/** `203.0.113.5:1234`, `[2001:db8::1]`, `[2001:db8::1]:1234` (as RFC 7239 §6). */
const WITH_PORT = /^(?:\[([^\]]*)\]|([^:[\]]*)(?=:))(?::\d{1,5})?$/;

/**
 * Reads an address: bare, with a port, or in brackets. `undefined` for everything else, such as a host name, `unknown` or
 * an obfuscated identifier (`_hidden`, RFC 7239 §6.3).
 */
export function parseAddress(text: string): IpAddress | undefined {
  if (text.length > LONGEST_ADDRESS) return undefined;
  const trimmed = text.trim();
  const bare = parseBareAddress(trimmed);
  if (bare !== undefined) return bare;
  const match = WITH_PORT.exec(trimmed);
  if (match === null) return undefined;
  const [, bracketed, plain] = match;
  // An IPv4 address is not written in brackets, and an IPv6 address without brackets has no port.
  if (bracketed !== undefined) return isIPv4(bracketed) ? undefined : parseBareAddress(bracketed);
  return plain !== undefined && isIPv4(plain) ? ipaddr.IPv4.parse(plain) : undefined;
}

/** Reads an address without port and brackets. */
function parseBareAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return ipaddr.IPv4.parse(text);
  // Only the name of a zone follows a percent sign (RFC 4007 §11), and the parsers reject some names.
  const zone = text.indexOf('%');
  const plain = zone < 0 ? text : text.slice(0, zone);
  if (!isIPv6(plain)) return undefined;
  const address = ipaddr.IPv6.parse(plain);
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** The key of an address: `ip:203.0.113.5`, `ip:2001:db8:1:2::/64`. */
export function keyOfAddress(address: IpAddress, ipv6PrefixLength: number): string {
  if (address instanceof ipaddr.IPv4) return `ip:${address.toString()}`;
  const parts = address.parts.map((part, index) => {
    const bits = Math.min(Math.max(ipv6PrefixLength - 16 * index, 0), 16);
    return part & (0xffff << (16 - bits));
  });
  return `ip:${new ipaddr.IPv6(parts).toRFC5952String()}/${ipv6PrefixLength}`;
}

const MAPPED = '::ffff:';

/** The key of the peer of a connection, or `undefined` if it has no address. IPv4 addresses are not parsed. */
export function keyOfPeer(text: string, ipv6PrefixLength: number): string | undefined {
  if (isIPv4(text)) return `ip:${text}`;
  if (text.startsWith(MAPPED)) {
    const mapped = text.slice(MAPPED.length);
    if (isIPv4(mapped)) return `ip:${mapped}`;
  }
  const address = parseBareAddress(text);
  return address && keyOfAddress(address, ipv6PrefixLength);
}

/** The key of an address in any form that `parseAddress` reads, or `undefined`. Plain IPv4 addresses are not parsed. */
export function keyOfEntry(text: string, ipv6PrefixLength: number): string | undefined {
  const trimmed = text.trim();
  if (isIPv4(trimmed)) return `ip:${trimmed}`;
  const address = parseAddress(trimmed);
  return address && keyOfAddress(address, ipv6PrefixLength);
}
