import { describe, expect, test } from '@jest/globals';
import { addressResolver } from '../../../src/core/address.js';
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

test.each([-1, 1.5, Number.NaN, 33, '1', true, null])('trustedProxies %p is an error at start-up', (trustedProxies) => {
  expect(() => addressResolver({ trustedProxies: trustedProxies as number })).toThrow(ConfigurationError);
  expect(() => addressResolver({ trustedProxies: trustedProxies as number })).toThrow('trustedProxies');
});
