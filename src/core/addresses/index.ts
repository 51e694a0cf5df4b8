export {
  type AddressOptions,
  type AddressResolver,
  addressResolver,
  ipv6PrefixLengthOf,
  UNKNOWN_ADDRESS,
} from './address-resolver.js';
export { IPV6_PREFIX_LENGTHS, keyOfAddress, parseAddress } from './ip-address.js';
export { isPublicAddress } from './public-address.js';
export { readNetworkList, readTrustedProxies, type TrustedNetworks, type TrustedProxies } from './trusted-proxies.js';
