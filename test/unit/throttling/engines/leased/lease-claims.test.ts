import { describe, expect, test } from '@jest/globals';
import type { ThrottleAlgorithm } from '../../../../../src/throttling/algorithm.js';
import { type KeyState, KeyStates, ownUnits } from '../../../../../src/throttling/engines/leased/key-states.js';
import {
  applyAnswer,
  claimOf,
  holdFromLease,
  type PendingCharge,
  rememberUndecided,
  resultOf,
} from '../../../../../src/throttling/engines/leased/lease-claims.js';
import { Leases } from '../../../../../src/throttling/engines/leased/leases.js';
import type { Claimed, Ledger } from '../../../../../src/throttling/engines/leased/ledger.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

const WINDOW = 60_000;
const SENT = 5000.7;
const RECEIVED = 5010;

function claimsOf(algorithm: ThrottleAlgorithm = 'fixed-window') {
  const keys = new KeyStates(1000);
  const ledger = { connected: true, giveBack: async () => {} } as unknown as Ledger;
  const leases = new Leases(ledger, keys, new VirtualClock(), (_, units) => units);
  const charge: Charge = { key: 'k', tag: 'k', limit: 99, windowMilliseconds: WINDOW, cost: 1, algorithm };
  const state = keys.getOrAdd('k');
  const lend = (units: number, id = 7) =>
    leases.lend(state, charge, { generation: 1, id, units, deadline: SENT + 1000, resetAt: SENT + 1100 });
  const hold = (cost: number, more: Partial<Charge> = {}) => holdFromLease(keys, { ...charge, ...more, cost }, SENT);
  /** Claims what is held for, and applies an answer, by default of a window with 5 units that ends in a second. */
  const answer = (pending: PendingCharge, more: Partial<Claimed> = {}, granted = more.fits ?? true) => {
    const claimed: Claimed = {
      ...{ fits: true, available: 5, resetMilliseconds: 1000, id: 7, soft: false },
      ...{ extra: 0, extraId: 7, extraMilliseconds: 1000, ...more },
    };
    const claim = claimOf(pending, SENT, 2, false);
    applyAnswer(pending, claim, claimed, { generation: 1, granted, sentAt: SENT, receivedAt: RECEIVED }, leases);
    return pending;
  };
  return { keys, leases, charge, state, lend, hold, answer };
}

describe('what is held for a charge', () => {
  test.each([
    // Balance, cost, held, needed, covered.
    [5, 3, 3, 0, true],
    [5, 5, 5, 0, false],
    [5, 8, 5, 3, false],
    [5, 0, 0, 0, false],
  ])('of a lease of %i for a cost of %i is %i, and %i are needed', (balance, cost, held, need, covered) => {
    const { lend, hold } = claimsOf();
    const lease = lend(balance);
    expect(hold(cost)).toMatchObject({ lease, held, need, covered, receivedAt: SENT });
    expect(lease.balance).toBe(balance - held);
  });

  test('is nothing without a lease', () => {
    expect(claimsOf().hold(3)).toMatchObject({ lease: undefined, held: 0, need: 3, covered: false });
  });
});

describe('a claim', () => {
  const claimed = (known: Partial<KeyState>, cost: number, more: Partial<Charge> = {}, asking = false) => {
    const { hold, state } = claimsOf(more.algorithm);
    Object.assign(state, known);
    const { need, want, more: ahead, divisor } = claimOf(hold(cost, more), SENT, 4, asking);
    expect(divisor).toBe(4);
    return [need, want, ahead];
  };
  const busy = { claimedAt: SENT - 1000, spent: 16, size: 8 };
  const sliding = { algorithm: 'sliding-window' } as const;

  test.each<[string, Partial<KeyState>, number, Partial<Charge>, number[]]>([
    ['what a request needs', {}, 3, {}, [3, 0, 0]],
    ['what others wait for, and one more', { waiting: 4 }, 3, {}, [3, 4, 1]],
    ['nothing else with a question that costs nothing', { ...busy, waiting: 4 }, 0, {}, [0, 0, 0]],
    ['what half a second will need', busy, 1, {}, [1, 0, 8]],
    ['what half a second will need, if that is more than the one more', { ...busy, waiting: 4 }, 1, {}, [1, 4, 8]],
    ['nothing ahead for a key that was never asked for', { ...busy, claimedAt: 0 }, 1, {}, [1, 0, 0]],
    ['less ahead in a short window that slides', busy, 1, sliding, [1, 0, 4]],
    ['as much ahead in a long one', busy, 1, { ...sliding, windowMilliseconds: 200_000 }, [1, 0, 8]],
  ])('is for %s', (_, known, cost, more, expected) => {
    expect(claimed(known, cost, more)).toEqual(expected);
  });

  test('is for nothing after another part of the request was refused', () => {
    expect(claimed({ ...busy, waiting: 4 }, 3, {}, true)).toEqual([0, 0, 0]);
  });
});

describe('an answer', () => {
  test('is remembered with its time, from which the demand is counted anew', () => {
    const { answer, hold, state } = claimsOf();
    state.spent = 9;
    answer(hold(1));
    expect([state.claimedAt, state.spent]).toEqual([5000, 0]);
  });

  test.each([
    // The time that is left was measured after the claim was sent, and before the answer came.
    ['fixed-window', SENT + 1000],
    ['sliding-window', Number.NEGATIVE_INFINITY],
  ] as const)(
    'says until when the units of a request can be used again, which is never in a window that slides (%s)',
    (algorithm, deadline) => {
      const { answer, hold } = claimsOf(algorithm);
      expect(answer(hold(3)).granted).toEqual({ generation: 1, id: 7, units: 3, deadline, resetAt: RECEIVED + 1000 });
    },
  );

  test('grants nothing to a question, and nothing if it is a refusal', () => {
    const { answer, hold, state } = claimsOf();
    state.size = 6;
    expect(answer(hold(0)).granted).toBeUndefined();
    expect(answer(hold(3), { extra: 4 }, false).granted).toBeUndefined();
    expect([state.lease, state.size]).toEqual([undefined, 0]);
  });

  test.each([
    ['fixed-window', 2],
    ['sliding-window', -1],
  ] as const)('makes a lease of the other units, which is filled up in time (%s)', (algorithm, lowWater) => {
    const { answer, hold, state } = claimsOf(algorithm);
    answer(hold(1), { extra: 11, extraId: 8, extraMilliseconds: 900 });
    expect(state.lease).toMatchObject({
      ...{ generation: 1, id: 8, balance: 11, lowWater, deadline: SENT + 900, resetAt: RECEIVED + 1000 },
    });
    expect(state.size).toBe(11);
    answer(hold(20), { fits: false });
    expect(state.size).toBe(11);
  });

  test.each<[string, ThrottleAlgorithm, Partial<Claimed>, boolean]>([
    ['if it is of another window', 'fixed-window', { id: 8 }, false],
    ['not if it is of the same', 'fixed-window', { id: 7 }, true],
    ['not if it granted nothing', 'fixed-window', { id: 0 }, true],
    ['not if it is a refusal', 'fixed-window', { id: 8, fits: false }, true],
    ['not if the window slides', 'sliding-window', { id: 8 }, true],
  ])('ends the lease of a key: %s (%s)', (_, algorithm, more, stays) => {
    const { answer, hold, lend, state } = claimsOf(algorithm);
    const lease = lend(5);
    answer(hold(20), more);
    expect(state.lease === lease).toBe(stays);
  });
});

describe('after an answer', () => {
  test('that granted the last unit no more are asked for, unless some may come back', () => {
    const last = (more: Partial<Claimed>, charge: Partial<Charge> = {}, granted = true) => {
      const { answer, hold, state } = claimsOf(charge.algorithm);
      answer(hold(1, charge), { available: 0, ...more }, granted);
      return state.refusal;
    };
    const until = RECEIVED + 1000;
    expect(last({})).toEqual({
      ...{ from: 1, until, resetAt: until, available: 0, undecided: false, nextPauseMilliseconds: 100 },
    });
    expect(last({ available: 1 })).toBeUndefined();
    expect(last({ soft: true })).toBeUndefined();
    expect(last({}, { mayBeRefunded: true })).toBeUndefined();
    expect(last({}, { algorithm: 'sliding-window' })).toBeUndefined();
    // It would have fitted, but another part of the request did not.
    expect(last({}, {}, false)).toBeUndefined();
  });

  test.each([
    ['fixed-window', 3],
    ['sliding-window', 4],
  ] as const)('that did not fit as much is refused until the window ends (%s)', (algorithm, from) => {
    const { answer, hold, state } = claimsOf(algorithm);
    answer(hold(4), { fits: false, available: 2 });
    const until = RECEIVED + 1000;
    expect(state.refusal).toEqual({
      ...{ from, until, resetAt: until, available: 2, undecided: false, nextPauseMilliseconds: 200 },
    });
  });

  test.each<[string, Partial<Claimed>, Partial<Charge>]>([
    ['others may give units back', { soft: true }, {}],
    ['units are often given back', {}, { mayBeRefunded: true }],
  ])('that did not fit it is asked again after pauses that double, where %s', (_, more, charge) => {
    const { answer, hold, state } = claimsOf();
    for (const pause of [100, 200, 400, 800]) {
      answer(hold(9, charge), { fits: false, ...more });
      expect(state.refusal).toMatchObject({ until: 5000 + pause, resetAt: RECEIVED + 1000 });
    }
    answer(hold(9, charge), { fits: false, ...more });
    expect(state.refusal?.until).toBe(RECEIVED + 1000);
    answer(hold(1, charge), more);
    expect(state.refusal).toBeUndefined();
  });

  test('that said nothing the ledger is not asked before it can say something', () => {
    const { hold, state } = claimsOf();
    rememberUndecided(hold(1), 7000);
    expect(state.refusal).toEqual({
      ...{ from: 0, until: 7000, resetAt: 7000, available: 0, undecided: true, nextPauseMilliseconds: 100 },
    });
  });
});

describe('the result of a charge', () => {
  const NOW = RECEIVED + 10;

  test('that was admitted says where its units were counted, and what is left', () => {
    const { answer, hold, lend, state, charge } = claimsOf();
    const lease = lend(2);
    const pending = answer(hold(5), { extra: 4 });
    expect(resultOf(pending, true, NOW)).toEqual({
      ...{ allowed: true, remaining: 9, resetMilliseconds: 990 },
      portions: [
        { generation: 1, id: 7, units: 3, deadline: SENT + 1000, resetAt: RECEIVED + 1000 },
        { generation: 1, id: 7, units: 2, deadline: SENT + 1000, resetAt: RECEIVED + 1000 },
      ],
    });
    expect([state.spent, ownUnits(state, charge, NOW), lease.spentSinceSweep]).toEqual([5, 5, 2]);
  });

  test('that a lease paid alone ends with the lease', () => {
    const { hold, lend } = claimsOf();
    lend(9);
    expect(resultOf(hold(2), true, NOW)).toMatchObject({
      ...{ allowed: true, remaining: 7, resetMilliseconds: SENT + 1100 - NOW, portions: [{ units: 2 }] },
    });
  });

  test('that cost nothing spent nothing', () => {
    const { answer, hold, lend } = claimsOf();
    const lease = lend(9);
    expect(resultOf(answer(hold(0)), true, NOW)).toMatchObject({ remaining: 14, portions: [] });
    expect(lease.spentSinceSweep).toBe(0);
  });

  test.each<[string, number, Partial<Claimed>, object]>([
    ['did not fit', 8, { fits: false }, { allowed: false, remaining: 5 }],
    ['would have fitted', 5, {}, { allowed: true, remaining: 5 }],
    ['would have fitted, but does no more', 6, {}, { allowed: false, remaining: 5 }],
  ])('of a refused request that %s says so', (_, cost, more, expected) => {
    const { answer, hold, state } = claimsOf();
    expect(resultOf(answer(hold(cost), more, false), false, NOW)).toEqual({
      ...{ resetMilliseconds: 990, portions: [], ...expected },
    });
    expect(state.spent).toBe(0);
  });

  test('of a refused request counts the lease that the units went back to', () => {
    const { answer, hold, lend } = claimsOf();
    const lease = lend(2);
    const pending = answer(hold(7), {}, false);
    lease.balance += pending.held;
    expect(resultOf(pending, false, NOW)).toMatchObject({ allowed: true, remaining: 7 });
  });

  test.each([
    ['fixed-window', 5],
    ['sliding-window', 8],
  ] as const)('of a refused request counts what an earlier call granted and went back (%s)', (algorithm, remaining) => {
    const { answer, hold } = claimsOf(algorithm);
    expect(resultOf(answer(hold(3)), false, NOW)).toMatchObject({ allowed: true, remaining });
  });

  test.each([
    [NOW - 1000, 13],
    [NOW - 1001, 9],
  ])('of a refused request whose part a lease would have paid counts what was seen lately', (at, remaining) => {
    const { hold, lend, state } = claimsOf();
    const lease = lend(9);
    state.seen = { available: 4, at, resetAt: NOW + 1 };
    const pending = hold(2);
    lease.balance += pending.held;
    expect(resultOf(pending, false, NOW)).toMatchObject({
      ...{ allowed: true, remaining, resetMilliseconds: SENT + 1100 - NOW, portions: [] },
    });
  });
});
