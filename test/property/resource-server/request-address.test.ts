import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Context } from 'koa';
import { silentLogger } from '../../../src/core/logger.js';
import { requestAddress } from '../../../src/resource-server/request-address.js';

const ipv4 = fc.ipV4();
const entry = fc.oneof(
  ipv4,
  fc.ipV6(),
  ipv4.map((address) => `${address}:80`),
  fc.ipV6().map((address) => `[${address}]:80`),
  fc.ipV6().map((address) => `${address}%eth0`),
  fc.constantFrom('', ' ', 'unknown', '_hidden', '10.0.0.2', '::1', '::ffff:10.0.0.3', '[', ']', ':', '%'),
  fc.string({ unit: 'binary' }),
);
const field = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(entry, { maxLength: 40 }).map((entries) => entries.join(',')),
);
const TRUST = [0, 1, 3, ['10.0.0.0/8', 'loopback', 'fd00::/8'], ['uniquelocal']];
const KEY = /^ip:(unknown|\d+\.\d+\.\d+\.\d+|[0-9a-f:]+\/64)$/;

const from = (remoteAddress: string | undefined, forwardedFor: string | string[]) =>
  ({ req: { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwardedFor } } }) as unknown as Context;

test('[TH-49] no text in the field makes it throw, or gives a key that is none', () => {
  for (const trustedProxies of TRUST) {
    const address = requestAddress({ trustedProxies }, silentLogger);
    fc.assert(
      fc.property(fc.oneof(entry, fc.constant(undefined)), field, (peer, text) => {
        expect(address(from(peer, text))).toMatch(KEY);
        expect(address(from(peer, [text, text]))).toMatch(KEY);
      }),
    );
  }
});

test('[TH-49] no text in the field lets an untrusted peer choose its address', () => {
  for (const trustedProxies of [0, ['10.0.0.0/8', 'loopback']]) {
    const address = requestAddress({ trustedProxies }, silentLogger);
    fc.assert(
      fc.property(field, (text) => {
        expect(address(from('203.0.113.5', text))).toBe('ip:203.0.113.5');
        expect(address(from('2001:db8:1:2::3', text))).toBe('ip:2001:db8:1:2::/64');
      }),
    );
  }
});

test('[TH-49] no text that a caller sends changes the address that a trusted proxy writes behind it', () => {
  for (const trustedProxies of [1, ['10.0.0.0/8', 'loopback']]) {
    const address = requestAddress({ trustedProxies }, silentLogger);
    fc.assert(
      fc.property(field, (text) => {
        expect(address(from('10.0.0.1', `${text}, 203.0.113.5`))).toBe('ip:203.0.113.5');
        expect(address(from('10.0.0.1', [text, '203.0.113.5']))).toBe('ip:203.0.113.5');
      }),
    );
  }
});

test('[TH-49] whatever the host answers, the key is that of an address', () => {
  fc.assert(
    fc.property(fc.oneof(entry, fc.anything()), (answer) => {
      const address = requestAddress({ address: () => answer as string }, silentLogger);
      expect(address(from('203.0.113.5', ''))).toMatch(KEY);
    }),
  );
});
