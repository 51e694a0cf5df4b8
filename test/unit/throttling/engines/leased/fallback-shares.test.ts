import { describe, expect, test } from '@jest/globals';
import type { ThrottleAlgorithm } from '../../../../../src/throttling/algorithm.js';
import { FallbackShares } from '../../../../../src/throttling/engines/leased/fallback-shares.js';
import type { Ledger, Registration } from '../../../../../src/throttling/engines/leased/ledger.js';
import type { Portion } from '../../../../../src/throttling/engines/leased/portions.js';
import { portionsOf } from '../../../../../src/throttling/engines/leased/portions.js';
import type { Charge, ThrottleDecision } from '../../../../../src/throttling/throttle-engine.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

const ALGORITHMS = ['fixed-window', 'sliding-window'] as const;

/** A process whose share is half of each limit, and which spent so many units of the ledger before. */
function sharesOf(algorithm: ThrottleAlgorithm = 'fixed-window', maxKeys = 1000, own = 0) {
  const clock = new VirtualClock();
  const start = clock.milliseconds;
  const calls: string[][] = [];
  const ledger = {
    connected: true,
    register: async (registrations: readonly Registration[]) => {
      calls.push(
        registrations.map(({ charge, units, leftMilliseconds }) => `${charge.key} ${units} ${leftMilliseconds}`),
      );
    },
  };
  const shares = new FallbackShares(ledger as unknown as Ledger, clock, maxKeys);
  const chargeOf = (key = 'k', cost = 1): Charge => ({
    ...{ key, tag: key, limit: 10, windowMilliseconds: 1000, cost, algorithm },
  });
  const consume = (...charges: Charge[]) =>
    shares.consume(
      charges,
      (limit) => limit / 2,
      () => own,
    ) as ThrottleDecision;
  const spend = (cost: number, key = 'k') => {
    const decision = consume(chargeOf(key, cost));
    return { ...decision, portion: portionsOf(decision.results[0])[0] as Portion };
  };
  const left = (key = 'k') => consume(chargeOf(key, 0)).results[0]?.remaining;
  return { clock, start, ledger, shares, chargeOf, consume, spend, left, registered: () => calls.splice(0) };
}

describe('a process alone spends', () => {
  test.each(ALGORITHMS)('its share of a limit, and says where it was counted (%s)', (algorithm) => {
    const { spend, start } = sharesOf(algorithm);
    expect(spend(2)).toMatchObject({
      allowed: true,
      results: [
        {
          ...{ allowed: true, remaining: 3, resetMilliseconds: 1000 },
          portions: [
            {
              ...{ generation: -1, id: algorithm === 'fixed-window' ? start + 1000 : start, units: 2 },
              ...{ deadline: Number.NEGATIVE_INFINITY, resetAt: start + 1000 },
            },
          ],
        },
      ],
    });
    expect(spend(4)).toMatchObject({ allowed: false, results: [{ allowed: false, remaining: 3, portions: [] }] });
    expect(spend(3)).toMatchObject({ allowed: true, results: [{ remaining: 0 }] });
    expect(spend(1)).toMatchObject({ allowed: false, results: [{ allowed: false, remaining: 0 }] });
  });

  test('less by what it spent of the ledger before', () => {
    const { spend } = sharesOf('fixed-window', 1000, 3);
    expect(spend(3)).toMatchObject({ allowed: false, results: [{ remaining: 2 }] });
    expect(spend(2)).toMatchObject({ allowed: true, results: [{ remaining: 0 }] });
    expect(sharesOf('fixed-window', 1000, 9).spend(1)).toMatchObject({ allowed: false, results: [{ remaining: 0 }] });
  });

  test('nothing where it has no share, nor of a share of nothing, whatever it costs', () => {
    const { shares, chargeOf } = sharesOf();
    expect(
      shares.consume(
        [chargeOf()],
        () => undefined,
        () => 0,
      ),
    ).toBeUndefined();
    expect(
      shares.consume(
        [chargeOf('k', 0)],
        () => 0,
        () => 0,
      ),
    ).toMatchObject({ allowed: false });
  });

  test('nothing of any limit, if one of a request is spent', () => {
    const { consume, chargeOf, spend, left } = sharesOf();
    spend(5, 'full');
    expect(consume(chargeOf('k', 2), chargeOf('full'))).toMatchObject({
      allowed: false,
      results: [
        { allowed: true, remaining: 5, portions: [] },
        { allowed: false, remaining: 0, portions: [] },
      ],
    });
    expect(left()).toBe(5);
  });

  test('nothing of keys for which there is no room, and goes on with the others', () => {
    const { spend, shares, clock } = sharesOf('fixed-window', 2);
    for (const key of ['a', 'b']) expect(spend(1, key)).toMatchObject({ allowed: true });
    expect(spend(1, 'c')).toMatchObject({ allowed: false, results: [{ allowed: false, remaining: 0 }] });
    expect(spend(1, 'a')).toMatchObject({ allowed: true, results: [{ remaining: 3 }] });
    clock.advance(999);
    shares.sweep();
    expect(spend(1, 'c')).toMatchObject({ allowed: false });
    clock.advance(1);
    shares.sweep();
    expect(spend(1, 'c')).toMatchObject({ allowed: true });
  });

  test('its share again when a fixed window has ended', () => {
    const { spend, clock } = sharesOf();
    spend(3);
    clock.advance(400);
    expect(spend(2)).toMatchObject({ results: [{ remaining: 0, resetMilliseconds: 600 }] });
    clock.advance(599);
    expect(spend(1)).toMatchObject({ allowed: false, results: [{ resetMilliseconds: 1 }] });
    for (const milliseconds of [1, 1]) {
      clock.advance(milliseconds);
      expect(spend(0)).toMatchObject({ results: [{ remaining: 5, resetMilliseconds: 1000 }] });
    }
    expect(spend(1)).toMatchObject({ allowed: true, results: [{ remaining: 4, resetMilliseconds: 1000 }] });
  });

  test('what has left a window that slides, until nothing counts', () => {
    const { spend, clock, left } = sharesOf('sliding-window');
    spend(3);
    clock.advance(400);
    expect(spend(2)).toMatchObject({ results: [{ remaining: 0, resetMilliseconds: 1000 }] });
    clock.advance(600);
    expect(left()).toBe(3);
    expect(spend(4)).toMatchObject({ allowed: false, results: [{ resetMilliseconds: 400 }] });
    clock.advance(400);
    expect(spend(1)).toMatchObject({ allowed: true, results: [{ remaining: 4, resetMilliseconds: 1000 }] });
  });
});

describe('units that a process spent alone are returned', () => {
  test.each(ALGORITHMS)('to their window, and are not registered then (%s)', async (algorithm) => {
    const { shares, chargeOf, spend, clock, left, registered } = sharesOf(algorithm);
    const { portion } = spend(2);
    clock.advance(100);
    spend(3);
    shares.refund(chargeOf(), portion);
    expect(left()).toBe(2);
    await shares.reconcile();
    expect(registered()).toEqual([[`k 3 ${algorithm === 'fixed-window' ? 900 : 1000}`]]);
  });

  test.each(ALGORITHMS)('not to a later window, nor to another key (%s)', (algorithm) => {
    const { shares, chargeOf, spend, clock, left } = sharesOf(algorithm);
    const { portion } = spend(2);
    shares.refund(chargeOf('other'), portion);
    clock.advance(1000);
    spend(3);
    shares.refund(chargeOf(), portion);
    expect(left()).toBe(2);
  });

  test('as many as there are, also of those that the ledger knows', async () => {
    const { shares, chargeOf, spend, left, registered } = sharesOf();
    const { portion } = spend(2);
    await shares.reconcile();
    for (let more = 0; more < 2; more += 1) shares.refund(chargeOf(), portion);
    expect(left()).toBe(5);
    spend(1);
    await shares.reconcile();
    expect(registered()).toEqual([['k 2 1000'], ['k 1 1000']]);
  });
});

describe('units that the ledger grants after all', () => {
  test('pay for what was spent alone, which is not registered then', async () => {
    const { shares, spend, registered } = sharesOf();
    spend(4);
    expect([shares.settle('k', 3), shares.settle('k', 5), shares.settle('k', 2)]).toEqual([0, 4, 2]);
    await shares.reconcile();
    expect(registered()).toEqual([[]]);
    spend(1);
    expect(shares.settle('other', 2)).toBe(2);
    await shares.reconcile();
    expect(registered()).toEqual([['k 1 1000']]);
  });

  test('are left as they are when the window of what was spent has ended', () => {
    const { shares, spend, clock } = sharesOf();
    spend(4);
    clock.advance(999);
    expect(shares.settle('k', 1)).toBe(0);
    clock.advance(1);
    expect(shares.settle('k', 1)).toBe(1);
  });
});

describe('what a process spent alone is registered', () => {
  test('once, with what is left of its window, and nothing of a window that has ended', async () => {
    const { shares, spend, clock, registered } = sharesOf();
    expect(shares.hasUnregistered).toBe(false);
    await shares.reconcile();
    spend(1, 'early');
    clock.advance(300);
    spend(2, 'late');
    expect(shares.hasUnregistered).toBe(true);
    clock.advance(700);
    await shares.reconcile();
    expect([shares.hasUnregistered, registered()]).toEqual([false, [['late 2 300']]]);
    spend(1, 'late');
    await shares.reconcile();
    expect(registered()).toEqual([['late 1 300']]);
    await shares.reconcile();
    expect(registered()).toEqual([]);
  });

  test('when there is a connection, and again if it fails', async () => {
    const { shares, spend, ledger, registered } = sharesOf();
    const { register } = ledger;
    spend(2);
    ledger.connected = false;
    await shares.reconcile();
    expect([shares.hasUnregistered, registered()]).toEqual([true, []]);
    ledger.connected = true;
    ledger.register = () => Promise.reject(new Error('gone'));
    const failing = shares.reconcile();
    spend(1);
    await failing;
    expect(shares.hasUnregistered).toBe(true);
    ledger.register = register;
    await shares.reconcile();
    expect([shares.hasUnregistered, registered()]).toEqual([false, [['k 3 1000']]]);
  });

  test('not for a question, which spends nothing', () => {
    const { shares, spend } = sharesOf();
    expect(spend(0)).toMatchObject({ allowed: true, results: [{ remaining: 5, portions: [] }] });
    expect(shares.hasUnregistered).toBe(false);
  });
});
