import { parseAddress, type TrustedNetworks } from '../core/addresses/index.js';

/**
 * `ip:203.0.113.5` or `ip:2001:db8:1:2::/64`, optionally for pages of other origins there, or for one application
 * there.
 */
const KEY = /^(?:pages:)?ip:([^\s/]+)(?:\/(\d{1,3}))?(?: |$)/;

/** Creates the check whether the key of a budget belongs to an address in one of the networks. */
export function exemptKeys(networks: TrustedNetworks): (key: string) => boolean {
  return (key) => {
    const [, text = '', prefixLength] = KEY.exec(key) ?? [];
    const address = text === '' ? undefined : parseAddress(text);
    if (address === undefined) return false;
    return networks.holds(address, prefixLength === undefined ? undefined : Number(prefixLength));
  };
}
