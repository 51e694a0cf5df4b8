import ipaddr from 'ipaddr.js';
import { parseAddress } from './ip-address.js';

/**
 * Whether an address belongs to the public Internet. Other addresses are private, loopback or for documentation, or
 * embed another address (NAT64, 6to4, Teredo), and may lead into an internal network.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.range() !== 'unicast') return false;
  // Only 2000::/3 is allocated (RFC 4291 §2.4); outside of it are IPv4-compatible addresses and the like.
  return address instanceof ipaddr.IPv4 || ((address.parts[0] as number) & 0xe000) === 0x2000;
}
