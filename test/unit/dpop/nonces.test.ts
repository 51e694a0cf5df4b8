import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { Nonces } from '../../../src/resource-server/dpop/nonces.js';
import { VirtualClock } from '../../support/cache/verifications.js';

const [older, newer] = [randomBytes(32), randomBytes(32)];

test('[RS-19 §8] a nonce is good for one to two minutes', () => {
  const clock = new VirtualClock();
  clock.advance(60_000 - (clock.nowMilliseconds() % 60_000));
  const nonces = new Nonces([older], clock);
  const nonce = nonces.current();
  expect(nonces.accepts(nonce)).toBe(true);
  clock.advance(119_999);
  expect(nonces.accepts(nonce)).toBe(true);
  expect(nonces.current()).not.toBe(nonce);
  clock.advance(1);
  expect(nonces.accepts(nonce)).toBe(false);
});

test('processes with the same keys accept each other’s nonces, also while the keys are being replaced', () => {
  const clock = new VirtualClock();
  const before = new Nonces([older], clock);
  const after = new Nonces([newer, older], clock);
  expect(after.accepts(before.current())).toBe(true);
  expect(after.current()).not.toBe(before.current());
  expect(before.accepts(after.current())).toBe(false);
  expect(new Nonces([newer], clock).accepts(before.current())).toBe(false);
});

test.each([undefined, null, 5, {}, '', 'nonsense', 'x'.repeat(22)])('%j is no nonce', (nonce) => {
  expect(new Nonces([older], new VirtualClock()).accepts(nonce)).toBe(false);
});
