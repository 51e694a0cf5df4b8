import { describe, expect, test } from '@jest/globals';
import { addressResolver } from '../../../src/core/addresses/index.js';
import { ConfigurationError } from '../../../src/core/errors.js';

describe('without trusted proxies', () => {
  const resolve = addressResolver({});

  test.each([
    ['203.0.113.5', 'ip:203.0.113.5'],
    ['::ffff:203.0.113.5', 'ip:203.0.113.5'],
    ['::FFFF:203.0.113.5', 'ip:203.0.113.5'],
    ['::ffff:cb00:7105', 'ip:203.0.113.5'],
    ['0:0:0:0:0:ffff:203.0.113.5', 'ip:203.0.113.5'],
    ['2001:db8:1:2:3:4:5:6', 'ip:2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', 'ip:2001:db8:1:2::/64'],
    ['::1', 'ip:::/64'],
    ['fe80::1%eth0', 'ip:fe80::/64'],
  ])('the connection from %s is %s', (address, key) => {
    expect(resolve(address, undefined)).toBe(key);
  });

  test('X-Forwarded-For is not read', () => {
    expect(resolve('203.0.113.5', '198.51.100.1')).toBe('ip:203.0.113.5');
  });

  test.each([undefined, '', 'localhost', '1.2.3', '1.2.3.4.5', '256.1.1.1', '0x7f.1', '010.0.0.1'])(
    'a connection from %j has a constant key',
    (address) => {
      expect(resolve(address, '198.51.100.1')).toBe('ip:unknown');
    },
  );

  test('two addresses of one /64 share a key, two of different ones do not', () => {
    expect(resolve('2001:db8:1:2::1', undefined)).toBe(resolve('2001:db8:1:2:ffff:ffff:ffff:ffff', undefined));
    expect(resolve('2001:db8:1:2::1', undefined)).not.toBe(resolve('2001:db8:1:3::1', undefined));
  });
});

describe('behind trusted proxies', () => {
  const one = addressResolver({ trustedProxies: 1 });
  const two = addressResolver({ trustedProxies: 2 });

  test('hops are counted from the right, and what a caller wrote to their left is not read', () => {
    expect(one('10.0.0.1', '6.6.6.6, 203.0.113.5')).toBe('ip:203.0.113.5');
    expect(two('10.0.0.1', '6.6.6.6, 203.0.113.5, 10.0.0.2')).toBe('ip:203.0.113.5');
    expect(one('10.0.0.1', '203.0.113.5')).toBe('ip:203.0.113.5');
  });

  test('white space, ports and brackets do not matter', () => {
    expect(one('10.0.0.1', ' 203.0.113.5 ')).toBe('ip:203.0.113.5');
    expect(one('10.0.0.1', '203.0.113.5:4711')).toBe('ip:203.0.113.5');
    expect(one('10.0.0.1', '[2001:db8:1:2::3]:4711')).toBe('ip:2001:db8:1:2::/64');
    expect(one('10.0.0.1', '2001:db8:1:2::3')).toBe('ip:2001:db8:1:2::/64');
  });

  test('a request that did not come through all proxies is known by its connection', () => {
    expect(two('10.0.0.1', '6.6.6.6')).toBe('ip:10.0.0.1');
    expect(one('10.0.0.1', undefined)).toBe('ip:10.0.0.1');
    expect(one(undefined, undefined)).toBe('ip:unknown');
  });

  test('an unreadable entry gives way to the nearest address that a trusted proxy wrote', () => {
    expect(two('10.0.0.1', '6.6.6.6, unknown, 10.0.0.2')).toBe('ip:10.0.0.2');
    expect(two('10.0.0.1', '6.6.6.6, _hidden, _secret')).toBe('ip:10.0.0.1');
    expect(one('10.0.0.1', '6.6.6.6,')).toBe('ip:10.0.0.1');
    expect(one('10.0.0.1', '')).toBe('ip:10.0.0.1');
    expect(two('10.0.0.1', ',')).toBe('ip:10.0.0.1');
    expect(one('10.0.0.1', '6.6.6.6, [::1')).toBe('ip:10.0.0.1');
  });

  test('a caller cannot choose its key, whatever it writes', () => {
    const written = ['', '1.1.1.1', '1.1.1.1, 2.2.2.2', ', ,', '1.1.1.1,,,', 'x'.repeat(10_000)];
    const keys = written.map((text) => one('10.0.0.1', text === '' ? '203.0.113.5' : `${text}, 203.0.113.5`));
    expect(new Set(keys)).toEqual(new Set(['ip:203.0.113.5']));
  });
});

describe('behind trusted networks', () => {
  const resolve = addressResolver({ trustedProxies: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8', 'loopback'] });

  test('[TH-49] what counts is the first address from the right that no network holds, and nothing left of it', () => {
    expect(resolve('10.0.0.1', '203.0.113.5')).toBe('ip:203.0.113.5');
    expect(resolve('10.0.0.1', '6.6.6.6, 203.0.113.5')).toBe('ip:203.0.113.5');
    expect(resolve('10.0.0.1', '10.9.9.9, 203.0.113.5, 10.0.0.2,192.0.2.7')).toBe('ip:203.0.113.5');
    expect(resolve('::1', '6.6.6.6, 2001:db8:1:2::3, fd00::1')).toBe('ip:2001:db8:1:2::/64');
  });

  test('[TH-49] a peer that no network holds is known by its connection, and told of', () => {
    const peers: string[] = [];
    const told = addressResolver({ trustedProxies: ['10.0.0.0/8'], onUntrustedPeer: (peer) => peers.push(peer) });
    expect(told('203.0.113.9', '198.51.100.1')).toBe('ip:203.0.113.9');
    expect(told('fd00::1', '198.51.100.1')).toBe('ip:fd00::/64');
    expect(peers).toEqual(['203.0.113.9', 'fd00::1']);
    expect(told('203.0.113.9', undefined)).toBe('ip:203.0.113.9');
    expect(told(undefined, '198.51.100.1')).toBe('ip:unknown');
    expect(told('10.0.0.1', '198.51.100.1')).toBe('ip:198.51.100.1');
    expect(peers).toHaveLength(2);
  });

  test('[TH-49] IPv4 in IPv6 is IPv4, at the connection and in the field', () => {
    expect(resolve('::ffff:10.0.0.1', '203.0.113.5')).toBe('ip:203.0.113.5');
    expect(resolve('10.0.0.1', '203.0.113.5, ::ffff:10.0.0.2')).toBe('ip:203.0.113.5');
    expect(resolve('10.0.0.1', '::ffff:cb00:7105')).toBe('ip:203.0.113.5');
    const mapped = addressResolver({ trustedProxies: ['::ffff:10.0.0.0/104'] });
    expect(mapped('10.1.2.3', '203.0.113.5')).toBe('ip:203.0.113.5');
    expect(mapped('11.1.2.3', '203.0.113.5')).toBe('ip:11.1.2.3');
  });

  test.each([
    'unknown',
    '_hidden',
    '',
    ' ',
    'localhost',
    '203.0.113',
    '[::1',
    '203.0.113.5:',
    '203.0.113.5:http',
    '1.2.3.4/8',
  ])('[TH-49] the entry %j ends the walk', (entry) => {
    expect(resolve('10.0.0.1', `203.0.113.5, ${entry}`)).toBe('ip:10.0.0.1');
    expect(resolve('10.0.0.1', `203.0.113.5,${entry},10.0.0.2`)).toBe('ip:10.0.0.2');
  });

  test.each(['203.0.113.5:4711', ' 203.0.113.5\t', '[::ffff:203.0.113.5]:1', '[::ffff:203.0.113.5]'])(
    'the entry %j is an address',
    (entry) => expect(resolve('10.0.0.1', `6.6.6.6, ${entry}, 10.0.0.2:80`)).toBe('ip:203.0.113.5'),
  );

  test('an interface is no part of an address', () => {
    const linkLocal = addressResolver({ trustedProxies: ['linklocal'] });
    expect(linkLocal('fe80::1%eth0', '203.0.113.5, [fe80::2%25br-lan]:80')).toBe('ip:203.0.113.5');
  });

  test('where all are proxies, the leftmost counts, of at most 32', () => {
    expect(resolve('10.0.0.1', '10.0.0.3, 10.0.0.2')).toBe('ip:10.0.0.3');
    const entries = Array.from({ length: 40 }, (_, index) => `10.0.1.${index + 1}`);
    expect(resolve('10.0.0.1', entries.join(', '))).toBe('ip:10.0.1.9');
  });

  test.each([
    ['loopback', ['127.0.0.1', '127.9.9.9', '::1'], ['128.0.0.1', '::2']],
    ['linklocal', ['169.254.1.1', 'fe80::1'], ['169.253.1.1', 'fec0::1']],
    ['uniquelocal', ['10.1.1.1', '172.31.1.1', '192.168.1.1', 'fd12::1'], ['172.32.1.1', '192.169.1.1', 'fe00::1']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1', '10.0.0.1']],
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.8']],
    ['2001:db8::7', ['2001:db8::7'], ['2001:db8::8']],
    ['10.1.2.3/8', ['10.200.0.1'], ['11.0.0.1']],
  ])('%s holds %j and not %j', (network, inside, outside) => {
    const one = addressResolver({ trustedProxies: [network] });
    for (const peer of inside) expect(one(peer, '203.0.113.5')).toBe('ip:203.0.113.5');
    for (const peer of outside) expect(one(peer, '203.0.113.5')).not.toBe('ip:203.0.113.5');
  });

  test('without networks nobody is trusted', () => {
    expect(addressResolver({ trustedProxies: [] })('10.0.0.1', '203.0.113.5')).toBe('ip:10.0.0.1');
  });

  test.each([
    [['']],
    [['0.0.0.0/0']],
    [['::/0']],
    [['10.0.0.0/33']],
    [['fd00::/129']],
    [['10.0.0.0/']],
    [['10.0.0.0/-1']],
    [['10.0.0.0/255.0.0.0']],
    [['10.0.0']],
    [['010.0.0.1']],
    [['::ffff:0:0/90']],
    [['localhost']],
    [['Loopback']],
    [['loopback', 7]],
    [[null]],
    [[['10.0.0.0/8']]],
  ])('the networks %j are an error at start-up', (trustedProxies) => {
    const make = () => addressResolver({ trustedProxies: trustedProxies as string[] });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(/The option trustedProxies\[\d\]/);
  });

  test('a long field is read from its end only', () => {
    const read = { count: 0 };
    const field = `${'1.1.1.1,'.repeat(125_000)}203.0.113.5`;
    const counting = new Proxy(Object(field), {
      get(target, name) {
        if (name === 'charCodeAt') {
          return (index: number) => {
            read.count += 1;
            return field.charCodeAt(index);
          };
        }
        const member = Reflect.get(target, name) as unknown;
        return typeof member === 'function' ? member.bind(field) : member;
      },
    }) as string;
    expect(resolve('10.0.0.1', counting)).toBe('ip:203.0.113.5');
    expect(read.count).toBeLessThan(40);
    for (const long of ['x'.repeat(1_000_000), ' '.repeat(1_000_000), `203.0.113.5${' '.repeat(1_000_000)}`]) {
      expect(resolve('10.0.0.1', long)).toBe('ip:10.0.0.1');
    }
  });
});

describe('the prefix length of IPv6', () => {
  test.each([
    [32, 'ip:2001:db8::/32'],
    [33, 'ip:2001:db8:8000::/33'],
    [48, 'ip:2001:db8:ffff::/48'],
    [56, 'ip:2001:db8:ffff:ff00::/56'],
    [undefined, 'ip:2001:db8:ffff:ffff::/64'],
    [128, 'ip:2001:db8:ffff:ffff:1:2:3:4/128'],
  ])('[TH-49] by %p it is %s', (ipv6PrefixLength, key) => {
    const address = '2001:db8:ffff:ffff:1:2:3:4';
    expect(addressResolver({ ipv6PrefixLength })(address, undefined)).toBe(key);
    expect(addressResolver({ ipv6PrefixLength, trustedProxies: 1 })('10.0.0.1', address)).toBe(key);
    expect(addressResolver({ ipv6PrefixLength, trustedProxies: ['loopback'] })('::1', address)).toBe(key);
    expect(addressResolver({ ipv6PrefixLength })('203.0.113.5', undefined)).toBe('ip:203.0.113.5');
  });

  test.each([31, 129, 64.5, Number.NaN, '64'])('%p is an error at start-up', (ipv6PrefixLength) => {
    expect(() => addressResolver({ ipv6PrefixLength: ipv6PrefixLength as number })).toThrow(/option ipv6PrefixLength/);
  });
});

test.each([-1, 1.5, Number.NaN, 33, '1', true, {}])('trustedProxies %p is an error at start-up', (trustedProxies) => {
  expect(() => addressResolver({ trustedProxies: trustedProxies as number })).toThrow(ConfigurationError);
  expect(() => addressResolver({ trustedProxies: trustedProxies as number })).toThrow('trustedProxies');
});
