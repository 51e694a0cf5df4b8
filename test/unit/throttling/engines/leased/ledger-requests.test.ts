import { describe, expect, test } from '@jest/globals';
import type { ClaimRounds } from '../../../../../src/throttling/engines/leased/claim-rounds.js';
import { KeyStates, Lease } from '../../../../../src/throttling/engines/leased/key-states.js';
import { LedgerRequests } from '../../../../../src/throttling/engines/leased/ledger-requests.js';
import { StoreLateError } from '../../../../../src/throttling/store-errors.js';
import type { Charge, ThrottleDecision } from '../../../../../src/throttling/throttle-engine.js';
import { settled } from '../../../../support/throttling/fleet.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

const chargeOf = (cost = 1, key = 'k'): Charge => ({ key, tag: key, limit: 9, windowMilliseconds: 1000, cost });
const DECISION: ThrottleDecision = { allowed: true, results: [] };

/** Requests to a ledger whose grants have expired on arrival, until `claim` says otherwise. */
function requestsOf() {
  const clock = new VirtualClock();
  const start = clock.milliseconds;
  const keys = new KeyStates(1000);
  const events: string[] = [];
  const known: { claim?: ThrottleDecision; decision?: ThrottleDecision; isOver: boolean } = { isOver: false };
  const rounds = {
    async claim(_: readonly Charge[], now: number) {
      events.push(`claim ${now - start}`);
      clock.advance(5);
      return known.claim;
    },
  };
  const requests = new LedgerRequests(rounds as unknown as ClaimRounds, keys, clock, (_, now) => {
    events.push(`decide ${now - start}`);
    return known.decision;
  });
  /** A call for the key that is in progress. */
  const flight = (key = 'k') => {
    const state = keys.getOrAdd(key);
    let land: (failure?: unknown) => void = () => {};
    state.inFlight = new Promise((resolve) => {
      land = (failure) => {
        state.inFlight = undefined;
        resolve(failure);
      };
    });
    return { state, land: (failure?: unknown) => land(failure) };
  };
  const lend = (balance: number, key = 'k') => {
    const lease = new Lease(chargeOf(1, key), 1, 7, start + 1000, start + 1000);
    lease.balance = balance;
    keys.getOrAdd(key).lease = lease;
  };
  return {
    ...{ clock, keys, events, known, flight, lend },
    ask: (...charges: Charge[]) => requests.ask(charges, start, () => known.isOver),
  };
}

describe('a request to the ledger', () => {
  test('is its answer', async () => {
    const { ask, known, events } = requestsOf();
    known.claim = DECISION;
    expect(await ask(chargeOf())).toBe(DECISION);
    expect(events).toEqual(['claim 0']);
  });

  test('is repeated while what is granted has expired on arrival, four times at most', async () => {
    const { ask, events } = requestsOf();
    const asking = ask(chargeOf());
    await expect(asking).rejects.toBeInstanceOf(StoreLateError);
    await expect(asking).rejects.toThrow('The ledger gave no answer in time.');
    expect(events).toEqual(['claim 0', 'decide 5', 'claim 5', 'decide 10', 'claim 10', 'decide 15', 'claim 15']);
  });

  test('is not repeated if this process can decide by then', async () => {
    const { ask, known, events } = requestsOf();
    known.decision = DECISION;
    expect(await ask(chargeOf())).toBe(DECISION);
    expect(events).toEqual(['claim 0', 'decide 5']);
  });

  test('is not repeated if nobody waits for it any more', async () => {
    const { ask, known, events } = requestsOf();
    known.isOver = true;
    await expect(ask(chargeOf())).rejects.toBeInstanceOf(StoreLateError);
    expect(events).toEqual(['claim 0', 'decide 5']);
  });
});

describe('a request waits for a call in progress', () => {
  test('and tells it what it waits for', async () => {
    const { ask, flight, known, events, clock } = requestsOf();
    const { state, land } = flight();
    const asking = [ask(chargeOf(2)), ask(chargeOf(1, 'other'), chargeOf(3))];
    await settled();
    expect([state.waiting, events]).toEqual([5, []]);
    clock.advance(7);
    known.decision = DECISION;
    land();
    expect(await Promise.all(asking)).toEqual([DECISION, DECISION]);
    expect([state.waiting, events]).toEqual([0, ['decide 7', 'decide 7']]);
  });

  test('and fails with it', async () => {
    const { ask, flight, events } = requestsOf();
    const { state, land } = flight();
    const asking = ask(chargeOf(2));
    const gone = new Error('gone');
    land(gone);
    await expect(asking).rejects.toBe(gone);
    expect([state.waiting, events]).toEqual([0, []]);
  });

  test.each([
    ['a lease does not pay', 2, 2, true],
    ['a lease does not pay, as there is none', 0, 2, true],
    ['it asks what there is', 9, 0, true],
    ['not if a lease pays', 3, 2, false],
  ])('if %s', async (_, balance, cost, waits) => {
    const { ask, flight, lend, known, events } = requestsOf();
    known.claim = DECISION;
    lend(balance);
    flight();
    void ask(chargeOf(cost));
    await settled();
    expect(events).toEqual(waits ? [] : ['claim 0']);
  });

  test('a thousand times at most', async () => {
    const { ask, keys, events } = requestsOf();
    keys.getOrAdd('k').inFlight = Promise.resolve();
    await expect(ask(chargeOf())).rejects.toBeInstanceOf(StoreLateError);
    // It does not look at the first time, when it comes.
    expect(events).toHaveLength(999);
  });
});
