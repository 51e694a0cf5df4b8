import { describe, expect, test } from '@jest/globals';
import { type KeyState, KeyStates, Lease } from '../../../../../src/throttling/engines/leased/key-states.js';
import { localDecision } from '../../../../../src/throttling/engines/leased/local-decision.js';
import { UndecidedError } from '../../../../../src/throttling/index.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';

const NOW = 5000;
const chargeOf = (key: string, cost = 1): Charge => ({ key, tag: key, limit: 9, windowMilliseconds: 60_000, cost });

function known(states: Readonly<Record<string, Partial<KeyState>>>) {
  const keys = new KeyStates(1000);
  for (const [key, state] of Object.entries(states)) Object.assign(keys.getOrAdd(key), state);
  return (...charges: Charge[]) => localDecision(keys, charges, NOW);
}

function leaseOf(balance: number, deadline = NOW + 1) {
  const lease = new Lease(chargeOf('k'), 1, 7, deadline, NOW + 700);
  lease.balance = balance;
  return { lease };
}

const seenOf = (available: number, at = NOW - 1000, resetAt = NOW + 1) => ({ seen: { available, at, resetAt } });

const refusalOf = (more: object = {}) => ({
  refusal: {
    ...{ from: 1, until: NOW + 1, resetAt: NOW + 600, available: 0, undecided: false, nextPauseMilliseconds: 100 },
    ...more,
  },
});

describe('a lease pays at once', () => {
  test.each<[string, Charge, ReturnType<typeof leaseOf>, 'covered' | undefined]>([
    ['all but its last unit', chargeOf('k', 3), leaseOf(4), 'covered'],
    ['not its last unit', chargeOf('k', 3), leaseOf(3), undefined],
    ['nothing for a question that costs nothing', chargeOf('k', 0), leaseOf(4), undefined],
    ['nothing when its window is over', chargeOf('k'), leaseOf(4, NOW), undefined],
  ])('%s', (_, charge, lease, decision) => {
    expect(known({ k: lease })(charge)).toBe(decision);
  });

  test('where there is one for every charge', () => {
    const decide = known({ a: leaseOf(2), b: leaseOf(2) });
    expect(decide(chargeOf('a'), chargeOf('b'))).toBe('covered');
    expect(decide(chargeOf('a'), chargeOf('c'))).toBeUndefined();
  });
});

describe('a refusal is remembered', () => {
  const refused = (remaining: number) => ({
    allowed: false,
    results: [{ allowed: false, remaining, resetMilliseconds: 600, portions: [] }],
  });
  const old = { claimedAt: NOW - 1001 };

  test.each<[string, number, Partial<KeyState>, unknown]>([
    ['for what it refused', 1, refusalOf(), refused(0)],
    ['not for less', 2, refusalOf({ from: 3 }), undefined],
    ['not after its time', 1, refusalOf({ until: NOW }), undefined],
    ['with what a lease still has', 3, { ...refusalOf({ from: 1 }), ...leaseOf(2) }, refused(2)],
    ['not for what a lease pays in part', 3, { ...refusalOf({ from: 2 }), ...leaseOf(2) }, undefined],
    ['with what was left', 3, { ...refusalOf({ from: 3, available: 2 }), claimedAt: NOW - 1000 }, refused(2)],
    ['not when others may have taken what was left', 3, { ...refusalOf({ from: 3, available: 2 }), ...old }, undefined],
    ['where nothing was left that others can take', 1, { ...refusalOf(), ...old }, refused(0)],
  ])('%s', (_, cost, state, decision) => {
    expect(known({ k: state })(chargeOf('k', cost))).toEqual(decision);
  });
});

describe('beside a refusal', () => {
  const beside = (state: Partial<KeyState>, cost = 2) => {
    const decision = known({ full: refusalOf(), k: state })(chargeOf('k', cost), chargeOf('full'));
    return typeof decision === 'object' ? decision.results[0] : decision;
  };

  test.each<[string, Partial<KeyState>, object | undefined]>([
    ['what the ledger said a second ago', seenOf(5), { allowed: true, remaining: 5, resetMilliseconds: 1 }],
    ['nothing that is older', seenOf(5, NOW - 1001), undefined],
    ['nothing of a window that is over', seenOf(5, NOW - 1000, NOW), undefined],
    ['all that was left', seenOf(2), { allowed: true, remaining: 2 }],
    ['nothing that does not fit, which the ledger may see otherwise', seenOf(1), undefined],
    ['a lease with it', { ...seenOf(5), ...leaseOf(2) }, { allowed: true, remaining: 7, resetMilliseconds: 1 }],
    ['a lease that pays with it', { ...seenOf(5), ...leaseOf(4) }, { remaining: 9, resetMilliseconds: 700 }],
    [
      'a lease alone, where the ledger was asked too long ago',
      { ...seenOf(5, NOW - 1001), ...leaseOf(4) },
      { remaining: 4 },
    ],
    ['a lease alone, where its window is over', { ...seenOf(5, NOW, NOW), ...leaseOf(4) }, { remaining: 4 }],
    ['a lease alone, where the ledger was not asked', leaseOf(4), { allowed: true, remaining: 4 }],
    ['nothing of which nothing is known', {}, undefined],
  ])('is told %s', (_, state, result) => {
    if (result === undefined) expect(beside(state)).toBeUndefined();
    else expect(beside(state)).toMatchObject(result);
  });

  test('the limit of nothing refuses, whatever is known of its key', () => {
    const none = { ...chargeOf('k'), limit: 0 };
    expect(known({ k: leaseOf(4) })(none)).toEqual({
      allowed: false,
      results: [{ allowed: false, remaining: 0, resetMilliseconds: 60_000, portions: [] }],
    });
  });
});

describe('a ledger that could not decide', () => {
  const undecided = (until: number) => refusalOf({ from: 0, until, undecided: true });

  test('is not asked again before it can, by the last of the keys', () => {
    const decide = known({ a: undecided(NOW + 40), b: undecided(NOW + 90), c: undecided(NOW + 70) });
    for (const [charges, milliseconds] of [
      [['a'], 40],
      [['a', 'b', 'c'], 90],
      [['new', 'a'], 40],
    ] as const) {
      const asking = () => decide(...charges.map((key) => chargeOf(key)));
      expect(asking).toThrow(UndecidedError);
      expect(asking).toThrow(expect.objectContaining({ milliseconds }));
    }
  });

  test('is asked when it can', () => {
    expect(known({ a: undecided(NOW) })(chargeOf('a'))).toBeUndefined();
  });

  test('is asked of a request that another policy refuses', () => {
    expect(known({ a: undecided(NOW + 40), full: refusalOf() })(chargeOf('a'), chargeOf('full'))).toBeUndefined();
  });
});
