import { describe, expect, test } from '@jest/globals';
import { addressResolver } from '../../../src/core/addresses/index.js';
import { keyOfEntry, LONGEST_ADDRESS, parseAddress } from '../../../src/core/addresses/ip-address.js';
import { readNetworkList, readTrustedProxies } from '../../../src/core/addresses/trusted-proxies.js';

describe('the text of an address', () => {
  test('is read up to a length that no address has', () => {
    const padded = '192.0.2.1'.padStart(LONGEST_ADDRESS);
    expect(parseAddress(padded)?.toString()).toBe('192.0.2.1');
    expect(parseAddress(` ${padded}`)).toBeUndefined();
  });

  test.each([
    'localhost:80',
    'a:1',
    ':80',
    '[192.0.2.1]',
    '[::1',
    '::1]',
    '192.0.2.1:123456',
    '192.0.2.1:',
    '%eth0',
    '',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(keyOfEntry(text, 64)).toBeUndefined();
  });
});

describe('a field that is longer than addresses are', () => {
  const blanks = ' '.repeat(LONGEST_ADDRESS);

  test('is not read beyond them, so that blanks cost nothing and move no entry', () => {
    const one = addressResolver({ trustedProxies: 1 });
    const networks = addressResolver({ trustedProxies: ['10.0.0.0/8'] });
    for (const field of [`${blanks}6.6.6.6`, `6.6.6.6,${blanks}7.7.7.7`]) {
      expect(one('10.0.0.1', field)).toBe('ip:10.0.0.1');
      expect(networks('10.0.0.1', field)).toBe('ip:10.0.0.1');
    }
  });

  test('with an empty first entry has only the others', () => {
    expect(addressResolver({ trustedProxies: 2 })('10.0.0.1', ',6.6.6.6')).toBe('ip:6.6.6.6');
    expect(addressResolver({ trustedProxies: ['10.0.0.0/8'] })('10.0.0.1', ',10.0.0.2')).toBe('ip:10.0.0.2');
  });
});

test('[TH-49] a peer without an address is in no network', () => {
  const resolve = addressResolver({ trustedProxies: ['fd00::/8', '10.0.0.0/8'] });
  expect(resolve('a socket', '203.0.113.5')).toBe('ip:unknown');
});

describe('a list of networks', () => {
  const fix = 'give a network as 10.0.0.0/8 or fd00::/8, an address, or loopback, linklocal or uniquelocal';

  test('holds the addresses in them', () => {
    const { holds } = readNetworkList('networks', ['10.0.0.0/8', '2001:db8::/32', 'loopback'], 'everybody');
    const inside = ['10.1.2.3', '2001:db8::1', '127.0.0.9', '::1'].map((text) => parseAddress(text));
    const outside = ['11.1.2.3', '2001:db9::1', '::2'].map((text) => parseAddress(text));
    expect(inside.every((address) => address !== undefined && holds(address))).toBe(true);
    expect(outside.some((address) => address !== undefined && holds(address))).toBe(false);
  });

  test.each<[unknown, string]>([
    ['10.0.0.0/8', "The option networks cannot be a string: give a list of networks, as ['10.0.0.0/8', 'fd00::/8', 'loopback']."],
    [['lopback'], `The option networks[0] cannot be "lopback": ${fix}.`],
    [['10.0.0.1', 5], `The option networks[1] cannot be 5: ${fix}.`],
    [['10.0.0'], `The option networks[0] cannot be a string: ${fix}.`],
    [['10.0.0.0/33'], 'The option networks[0] cannot be a string: the prefix length is 32 at most.'],
    [['fd00::/129'], 'The option networks[0] cannot be a string: the prefix length is 128 at most.'],
    [['::/0'], 'The option networks[0] cannot be a string: everybody.'],
    [['::ffff:10.0.0.0/96'], 'The option networks[0] cannot be a string: write IPv4 networks in IPv4 notation, e.g. 10.0.0.0/8.'],
  ])('%j is refused', (value, message) => {
    expect(() => readNetworkList('networks', value, 'everybody')).toThrow(expect.objectContaining({ message }));
  }); // biome-ignore format: a table

  test('of which each may be as small as one address, and as large as there is a prefix', () => {
    for (const network of ['10.0.0.0/32', 'fd00::/128', '128.0.0.0/1', '8000::/1', '::ffff:10.0.0.0/97']) {
      expect(() => readNetworkList('networks', [network], 'everybody')).not.toThrow();
    }
  });

  test('or a number of proxies, up to 32', () => {
    expect([readTrustedProxies('p', 0), readTrustedProxies('p', 32), readTrustedProxies('p', [])]).toEqual([0, 32, 0]);
    expect(() => readTrustedProxies('p', 33)).toThrow(/how many proxies there are, 0 to 32, or their networks/);
    expect(() => readTrustedProxies('p', 'loopback')).toThrow(/or a list of their networks, as \['10\.0\.0\.0\/8'/);
    expect(() => readTrustedProxies('p', ['0.0.0.0/0'])).toThrow(/it contains every address/);
  });
});
