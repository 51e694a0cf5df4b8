import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { listOption, optionPath, refuseOption, wholeNumberOption } from '../options/index.js';
import type { IpAddress } from './ip-address.js';

/**
 * Which reverse proxies are trusted: how many of them stand in front of the application, or their networks, such as
 * `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`, `loopback`, `linklocal` or `uniquelocal`.
 */
export type TrustedProxies = number | readonly string[];

/** A list of networks, parsed. */
export interface TrustedNetworks {
  /** @param prefixLength how many leading bits of the address count; default all */
  holds(address: IpAddress, prefixLength?: number): boolean;
}

/** The greatest number of entries that are read from one field, more than any chain of proxies needs. */
export const MOST_PROXIES = 32;

const NAMED: ReadonlyMap<string, readonly string[]> = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

const EXAMPLE = "['10.0.0.0/8', 'fd00::/8', 'loopback']";

/**
 * Checks and parses the option.
 *
 * @returns the number of proxies, or their networks; 0 for an empty list
 * @throws ConfigurationError if it is neither a number from 0 to 32 nor a list of networks
 */
export function readTrustedProxies(path: string, value: unknown): number | TrustedNetworks {
  if (typeof value === 'number') {
    const range = { least: 0, most: MOST_PROXIES };
    return wholeNumberOption(
      path,
      value,
      range,
      `give how many proxies there are, 0 to ${MOST_PROXIES}, or their networks, as ${EXAMPLE}`,
    );
  }
  const list = listOption(path, value, `give how many proxies there are, or a list of their networks, as ${EXAMPLE}`);
  if (list.length === 0) return 0;
  return networks(list.flatMap((one, index) => readNetworks(optionPath(path, index), one, EVERYBODY_CHOOSES)));
}

const EVERYBODY_CHOOSES = 'it contains every address, so each caller could choose its own; name the proxies only';

/**
 * Checks and parses an option that is a list of networks.
 *
 * @param everybody the fix in the message about a network that contains every address
 * @throws ConfigurationError if it is not a list of networks
 */
export function readNetworkList(path: string, value: unknown, everybody: string): TrustedNetworks {
  const list = listOption(path, value, `give a list of networks, as ${EXAMPLE}`);
  return networks(list.flatMap((one, index) => readNetworks(optionPath(path, index), one, everybody)));
}

type Network = readonly [address: IpAddress, prefixLength: number];

function readNetworks(path: string, value: unknown, everybody: string): Network[] {
  if (typeof value === 'string') {
    const named = NAMED.get(value);
    if (named !== undefined) return named.map((network) => readNetwork(path, network, everybody));
  }
  return [readNetwork(path, value, everybody)];
}

const NETWORK = /^([\d.]+|[\da-f:.]+)(?:\/(\d{1,3}))?$/i;

function readNetwork(path: string, value: unknown, everybody: string): Network {
  const fix = 'give a network as 10.0.0.0/8 or fd00::/8, an address, or loopback, linklocal or uniquelocal';
  const [, text = '', length] = (typeof value === 'string' ? NETWORK.exec(value) : undefined) ?? [];
  if (!isIPv4(text) && !isIPv6(text)) return refuseOption(path, value, fix, { near: [...NAMED.keys()] });
  const address = ipaddr.parse(text);
  const bits = address instanceof ipaddr.IPv4 ? 32 : 128;
  const prefixLength = length === undefined ? bits : Number(length);
  if (prefixLength > bits) refuseOption(path, value, `the prefix length is ${bits} at most`);
  if (prefixLength === 0) refuseOption(path, value, everybody);
  if (address instanceof ipaddr.IPv4 || !address.isIPv4MappedAddress()) return [address, prefixLength];
  if (prefixLength <= 96) refuseOption(path, value, 'write IPv4 networks in IPv4 notation, e.g. 10.0.0.0/8');
  return [address.toIPv4Address(), prefixLength - 96];
}

function networks(list: readonly Network[]): TrustedNetworks {
  const [ipv4, ipv6]: [[ipaddr.IPv4, number][], [ipaddr.IPv6, number][]] = [[], []];
  for (const [address, prefixLength] of list) {
    if (address instanceof ipaddr.IPv4) ipv4.push([address, prefixLength]);
    else ipv6.push([address, prefixLength]);
  }
  return {
    holds(address, prefixLength = 128) {
      if (address instanceof ipaddr.IPv4) {
        for (const [network, length] of ipv4) if (address.match(network, Math.min(length, prefixLength))) return true;
        return false;
      }
      for (const [network, length] of ipv6) if (address.match(network, Math.min(length, prefixLength))) return true;
      return false;
    },
  };
}
