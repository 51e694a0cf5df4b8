import ipaddr from 'ipaddr.js';
import { parseAddress } from './ip-address.js';

/**
 * Whether an address is one of the public Internet. What is not is for private use, for this machine, for documentation, or
 * hides another address (NAT64, 6to4, Teredo), and may be somebody's inside.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || address.range() !== 'unicast') return false;
  // 2000::/3 is all that is given out (RFC 4291 §2.4); outside are IPv4-compatible addresses and the like.
  return address instanceof ipaddr.IPv4 || ((address.parts[0] as number) & 0xe000) === 0x2000;
}
