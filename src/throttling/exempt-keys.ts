import { parseAddress, type TrustedNetworks } from '../core/addresses/index.js';

/** `ip:203.0.113.5`, `ip:2001:db8:1:2::/64`, what pages sent from there, or an application there. */
const KEY = /^(?:pages:)?ip:([^\s/]+)(?:\/(\d{1,3}))?(?: |$)/;

/** Tells whether the key of a budget is that of an address in one of the networks. */
export function exemptKeys(networks: TrustedNetworks): (key: string) => boolean {
  return (key) => {
    const [, text = '', prefixLength] = KEY.exec(key) ?? [];
    const address = text === '' ? undefined : parseAddress(text);
    if (address === undefined) return false;
    return networks.holds(address, prefixLength === undefined ? undefined : Number(prefixLength));
  };
}
