import { describe, expect, test } from '@jest/globals';
import type { ThrottleAlgorithm } from '../../../../../src/throttling/algorithm.js';
import { type KeyState, KeyStates } from '../../../../../src/throttling/engines/leased/key-states.js';
import { balanceOf, Leases, spend } from '../../../../../src/throttling/engines/leased/leases.js';
import type { Ledger, Return } from '../../../../../src/throttling/engines/leased/ledger.js';
import type { Portion } from '../../../../../src/throttling/engines/leased/portions.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

const ALGORITHMS = ['fixed-window', 'sliding-window'] as const;

function leasesOf(algorithm: ThrottleAlgorithm, settle = (_: string, units: number) => units) {
  const clock = new VirtualClock();
  const start = clock.milliseconds;
  const calls: (readonly Return[])[] = [];
  const ledger = { connected: true, giveBack: async (returns: readonly Return[]) => void calls.push(returns) };
  const keys = new KeyStates(1000);
  const leases = new Leases(ledger as unknown as Ledger, keys, clock, settle);
  const charge: Charge = { key: 'k', tag: 'k', limit: 99, windowMilliseconds: 60_000, cost: 1, algorithm };
  /** Units of a window that ends in a second. */
  const portionOf = (units: number, more: Partial<Portion> = {}): Portion => ({
    ...{ generation: 1, id: 7, units, deadline: start + 1000, resetAt: start + 1100, ...more },
  });
  const state = keys.getOrAdd('k');
  const refusal = { from: 1, until: 9, resetAt: 9, available: 0, undecided: false, nextPauseMilliseconds: 100 };
  const rememberMuch = (known: KeyState) => {
    known.refusal = refusal;
    known.seen = { available: 1, at: start, resetAt: start + 9 };
  };
  rememberMuch(state);
  return {
    ...{ clock, start, ledger, keys, leases, charge, state, portionOf, rememberMuch },
    lend: (units: number, more?: Partial<Portion>) => leases.lend(state, charge, portionOf(units, more)),
    /** What was returned in each call since this was last asked. */
    returned: () => calls.splice(0).map((returns) => returns.map(({ id, units }) => `${units} of ${id}`)),
  };
}

describe('units that are granted', () => {
  test('join the lease of their window, which ends as late as is safe and is told to end as early', () => {
    const { leases, lend, start, returned } = leasesOf('fixed-window');
    const lease = lend(5);
    expect(lend(3, { deadline: start + 1005, resetAt: start + 1090 })).toBe(lease);
    expect(lend(1, { deadline: start + 990, resetAt: start + 1200 })).toBe(lease);
    expect([lease.balance, lease.deadline - start, lease.resetAt - start]).toEqual([9, 1005, 1090]);
    expect([leases.size, returned()]).toEqual([1, []]);
  });

  test.each([
    ['window', { id: 8 }, 'fixed-window', []],
    ['generation', { generation: 2 }, 'fixed-window', []],
    ['window', { id: 8 }, 'sliding-window', [['5 of 7']]],
    ['generation', { generation: 2 }, 'sliding-window', [['5 of 7']]],
  ] as const)('of another %s (%j) are a lease of their own (%s)', (_, more, algorithm, expected) => {
    const { leases, lend, state, returned } = leasesOf(algorithm);
    const before = lend(5);
    const lease = lend(3, more);
    expect(state.lease).toBe(lease);
    expect(lease).toMatchObject({ balance: 3, ...more });
    expect([before.balance, leases.size, returned()]).toEqual([0, 1, expected]);
  });

  test('are fewer if the process has meanwhile spent some of its key alone', () => {
    const asked: unknown[] = [];
    const { lend } = leasesOf('fixed-window', (...parameters) => {
      asked.push(parameters);
      return 3;
    });
    expect(lend(5).balance).toBe(3);
    expect(asked).toEqual([['k', 5]]);
  });
});

test.each(ALGORITHMS)(
  'a key that has no lease, or an empty one, has nothing to return when it ends (%s)',
  (algorithm) => {
    const { leases, state, lend, returned } = leasesOf(algorithm);
    leases.retire(state);
    lend(0);
    leases.retire(state);
    expect([state.lease, leases.size, returned()]).toEqual([undefined, 0, []]);
  },
);

describe('units that a decision spent are put back', () => {
  test.each(ALGORITHMS)('to the lease of their window, there or not (%s)', async (algorithm) => {
    const { leases, lend, state, charge, portionOf, rememberMuch, returned } = leasesOf(algorithm);
    await leases.putBack([{ charge, portion: portionOf(2) }]);
    expect([state.lease?.balance, state.refusal]).toEqual([2, undefined]);
    rememberMuch(state);
    const lease = lend(3);
    await leases.putBack([
      { charge, portion: portionOf(1) },
      { charge, portion: portionOf(1) },
    ]);
    expect([lease.balance, state.lease, state.refusal, returned()]).toEqual([7, lease, undefined, []]);
  });

  const elsewhere = [
    ['its time is over', (made: ReturnType<typeof leasesOf>) => made.clock.advance(1000)],
    ['another window has a lease', ({ lend }: ReturnType<typeof leasesOf>) => void lend(3, { id: 8 })],
    ['another generation has a lease', ({ lend }: ReturnType<typeof leasesOf>) => void lend(3, { generation: 2 })],
  ] as const;

  test.each(elsewhere)('to the ledger, if their window slides and %s', async (_, prepare) => {
    const made = leasesOf('sliding-window');
    const { leases, state, charge, portionOf, returned } = made;
    prepare(made);
    const before = state.lease?.balance;
    await leases.putBack([{ charge, portion: portionOf(2) }]);
    expect([state.lease?.balance, state.refusal, returned()]).toEqual([before, undefined, [['2 of 7']]]);
  });

  test.each(elsewhere)('not at all, if their window is fixed and %s', async (_, prepare) => {
    const made = leasesOf('fixed-window');
    const { leases, state, charge, portionOf, returned } = made;
    prepare(made);
    const before = state.lease?.balance;
    await leases.putBack([{ charge, portion: portionOf(2) }]);
    expect([state.lease?.balance, state.refusal !== undefined, returned()]).toEqual([before, true, []]);
  });

  test('nowhere without a connection, and a ledger that fails is nothing to the caller', async () => {
    const { leases, ledger, clock, charge, portionOf, returned } = leasesOf('sliding-window');
    clock.advance(1000);
    ledger.connected = false;
    await leases.putBack([{ charge, portion: portionOf(2) }]);
    expect(returned()).toEqual([]);
    ledger.connected = true;
    ledger.giveBack = () => Promise.reject(new Error('gone'));
    await leases.putBack([{ charge, portion: portionOf(2) }]);
  });
});

describe('a sweep', () => {
  test('returns a lease that nobody used, and what was refused meanwhile is asked again', async () => {
    const { leases, lend, state, returned } = leasesOf('fixed-window');
    const lease = lend(5);
    lease.lowWater = 2;
    await leases.sweep();
    expect([lease.balance, lease.lowWater, leases.size, returned()]).toEqual([0, -1, 0, [['5 of 7']]]);
    expect([state.lease, state.refusal, state.seen]).toEqual([lease, undefined, undefined]);
    await leases.sweep();
    expect(returned()).toEqual([]);
  });

  test('leaves a lease three times the units that were spent since the last one', async () => {
    const { leases, lend, state, returned } = leasesOf('fixed-window');
    const lease = lend(12);
    const portion = spend(state, lease, 2);
    expect(portion).toMatchObject({ id: 7, units: 2, deadline: lease.deadline, resetAt: lease.resetAt });
    expect([lease.balance, state.spent]).toEqual([10, 2]);
    await leases.sweep();
    expect([lease.balance, leases.size, returned()]).toEqual([6, 1, [['4 of 7']]]);
    spend(state, lease, 3);
    lease.lowWater = 1;
    const { refusal, seen } = state;
    Object.assign(state, { refusal: { from: 1 }, seen: { available: 1 } });
    await leases.sweep();
    // There is no more than that.
    expect([lease.balance, lease.lowWater, leases.size, returned()]).toEqual([3, 1, 1, []]);
    expect([state.refusal, state.seen, refusal, seen]).toEqual([{ from: 1 }, { available: 1 }, undefined, undefined]);
    await leases.sweep();
    expect([lease.balance, leases.size, returned()]).toEqual([0, 0, [['3 of 7']]]);
  });

  test('returns nothing without a connection, where the units are of more use', async () => {
    const { leases, lend, ledger, returned } = leasesOf('fixed-window');
    const lease = lend(5);
    ledger.connected = false;
    await leases.sweep();
    expect([lease.balance, leases.size, returned()]).toEqual([5, 1, []]);
  });

  test.each([
    ['fixed-window', 1000, undefined, 0, []],
    ['sliding-window', 1000, undefined, 0, [['3 of 7']]],
    // Its last moment.
    ['fixed-window', 999, 3, 1, []],
    ['sliding-window', 999, 3, 1, []],
  ] as const)(
    'drops a lease when its time is over (%s, after %i ms)',
    async (algorithm, after, balance, size, expected) => {
      const { leases, lend, state, clock, returned } = leasesOf(algorithm);
      spend(state, lend(5), 2);
      clock.advance(after);
      await leases.sweep();
      expect([state.lease?.balance, leases.size, returned()]).toEqual([balance, size, expected]);
    },
  );

  test('leaves an ended lease to a call in progress, which makes another', async () => {
    const { leases, lend, state, clock } = leasesOf('fixed-window');
    const lease = lend(5);
    state.inFlight = Promise.resolve();
    clock.advance(1000);
    await leases.sweep();
    expect([state.lease, leases.size]).toEqual([lease, 0]);
  });

  test('returns the lease of a key that is remembered no more, used or not', async () => {
    const { leases, lend, state, keys, returned } = leasesOf('fixed-window');
    spend(state, lend(5), 2);
    for (let other = 0; other < 2000; other += 1) keys.getOrAdd(`other${other}`);
    await leases.sweep();
    expect([leases.size, returned()]).toEqual([0, [['3 of 7']]]);
  });

  test('does not touch the next lease of the key that it drops one of', async () => {
    const { leases, lend, state, clock, start, returned } = leasesOf('sliding-window');
    spend(state, lend(5), 2);
    state.lease = undefined;
    const next = lend(4, { id: 8, deadline: start + 2000 });
    spend(state, next, 1);
    clock.advance(1000);
    await leases.sweep();
    expect([state.lease, next.balance, leases.size, returned()]).toEqual([next, 3, 1, [['3 of 7']]]);
  });
});

test.each([
  ['fixed-window', 999, [['5 of 7', '2 of 7']]],
  ['fixed-window', 1000, []],
  ['sliding-window', 1000, [['5 of 7', '2 of 7']]],
] as const)(
  'a process that ends returns all that counts still (%s, after %i ms)',
  async (algorithm, after, expected) => {
    const { leases, lend, keys, charge, portionOf, clock, state, returned } = leasesOf(algorithm);
    const lease = lend(5);
    leases.lend(keys.getOrAdd('other'), { ...charge, key: 'other' }, portionOf(2));
    leases.lend(keys.getOrAdd('empty'), { ...charge, key: 'empty' }, portionOf(0));
    expect([balanceOf(state, clock.milliseconds), balanceOf(undefined, clock.milliseconds)]).toEqual([5, 0]);
    clock.advance(after);
    await leases.giveBackAll();
    expect([lease.balance, leases.size, returned()]).toEqual([0, 0, expected]);
    await leases.giveBackAll();
    expect(returned()).toEqual([]);
  },
);
