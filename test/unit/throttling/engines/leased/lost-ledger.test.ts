import { describe, expect, test } from '@jest/globals';
import { KeyState, KeyStates, Lease } from '../../../../../src/throttling/engines/leased/key-states.js';
import { Leases } from '../../../../../src/throttling/engines/leased/leases.js';
import type { Ledger, Return } from '../../../../../src/throttling/engines/leased/ledger.js';
import { localDecision } from '../../../../../src/throttling/engines/leased/local-decision.js';
import { UndecidedError } from '../../../../../src/throttling/index.js';
import type { Charge } from '../../../../../src/throttling/throttle-engine.js';
import { engineOn } from '../../../../support/throttling/engine-on-ledger.js';
import { Fleet, type Process } from '../../../../support/throttling/fleet.js';
import { VirtualClock } from '../../../../support/throttling/virtual-clock.js';

const HOUR = 3_600_000;
const chargeOf = (limit: number, key = 'k', cost = 1): Charge => ({
  ...{ key, tag: key, limit, windowMilliseconds: HOUR, cost },
});

function fleetOf(processes: number, callsByTag = false) {
  const fleet = new Fleet(processes, { callsByTag, maxKeys: 1000, clockOffset: () => 0 });
  const { simulation } = fleet;
  const [one] = fleet.processes as [Process];
  const ask = async (process: Process, ...charges: Charge[]) => {
    const decision = Promise.resolve(process.engine.consume(charges));
    decision.catch(() => {});
    await simulation.advance(0);
    return decision;
  };
  return { fleet, simulation, one, ask };
}

describe('a ledger that lost its counters', () => {
  test('decides nothing about windows that may be open, and is not asked again for them', async () => {
    const { fleet, one, simulation } = fleetOf(1);
    await simulation.advance(5000);
    fleet.loseLedger(true);
    await simulation.advance(100);
    const asked = Promise.resolve(one.engine.consume([chargeOf(5)]));
    const outcome = expect(asked).rejects.toMatchObject({ name: 'UndecidedError', milliseconds: expect.any(Number) });
    await simulation.advance(0);
    await outcome;
    const { calls } = one.wire;
    expect(() => one.engine.consume([chargeOf(5)])).toThrow(UndecidedError);
    expect(one.wire.calls).toBe(calls);
    // Neither does this process, except from its share.
    expect(one.engine.consumeHeld([chargeOf(5)])).toBeUndefined();
    expect(one.engine.consumeAlone([chargeOf(5)])).toMatchObject({ allowed: true });
  });
});

describe('what a process spent alone', () => {
  test('is registered later, where the ledger does not answer at first', async () => {
    const { one, simulation, ask } = fleetOf(1);
    await simulation.advance(5000);
    one.wire.disconnect();
    expect(one.engine.consumeAlone([chargeOf(5, 'k', 4)])).toMatchObject({ allowed: true });
    one.wire.losesQuestions = 1;
    one.wire.connect();
    await simulation.advance(5000);
    expect(await ask(one, chargeOf(5, 'k', 2))).toMatchObject({ allowed: false, results: [{ remaining: 1 }] });
  });

  test('is nothing at a cost of 0, so that nothing is returned', async () => {
    const { one, simulation } = fleetOf(1);
    await simulation.advance(5000);
    one.wire.disconnect();
    expect(one.engine.consumeAlone([chargeOf(5, 'k', 0)])).toEqual({
      allowed: true,
      results: [{ allowed: true, remaining: 5, resetMilliseconds: HOUR, portions: [] }],
    });
  });

  test('is counted once for a key that a request charges twice', async () => {
    const { one, simulation } = fleetOf(1);
    await simulation.advance(5000);
    one.wire.disconnect();
    const charges = [chargeOf(5), chargeOf(5, 'k', 2)];
    expect(one.engine.consumeAlone(charges)).toMatchObject({
      allowed: true,
      results: [{ remaining: 2 }, { remaining: 2 }],
    });
    expect(one.engine.consumeAlone(charges)).toMatchObject({ allowed: false, results: [{}, {}] });
    expect(one.engine.consumeHeld(charges)).toBeUndefined();
  });
});

test('a request that charges a key twice has a result for each charge, whoever decides', async () => {
  const { one, ask } = fleetOf(1);
  const charges = [chargeOf(5), chargeOf(5, 'k', 2)];
  const units = (results: unknown) =>
    (results as { portions: { units: number }[] }[]).map(({ portions }) => portions.map((portion) => portion.units));
  const { allowed, results } = await ask(one, ...charges);
  expect([allowed, units(results)]).toEqual([true, [[3], []]]);
  for (let more = 0; more < 2; more += 1) {
    expect(await ask(one, ...charges)).toMatchObject({
      allowed: false,
      results: [
        { allowed: false, remaining: 2 },
        { allowed: false, remaining: 2 },
      ],
    });
  }
  expect(one.engine.consumeHeld(charges)).toMatchObject({ allowed: false, results: [{}, {}] });
});

test('on a Cluster, what one call granted is returned where the next one fails', async () => {
  const { fleet, one, simulation, ask } = fleetOf(2, true);
  const [, two] = fleet.processes as [Process, Process];
  one.wire.thereMilliseconds = 10;
  const asked = Promise.resolve(one.engine.consume([chargeOf(5, 'a', 4), chargeOf(5, 'b')]));
  const failed = expect(asked).rejects.toThrow('No answer.');
  await simulation.advance(5);
  one.wire.losesQuestions = 1;
  await simulation.advance(2000);
  await failed;
  expect(await ask(two, chargeOf(5, 'a', 5))).toMatchObject({ allowed: true });
});

describe('the statistics of a leased engine', () => {
  test('are what it has done, and what it has', async () => {
    const { one, simulation, ask } = fleetOf(2);
    await simulation.advance(1000);
    expect(one.engine.statistics).toEqual({ decisions: 0, claims: 0, keys: 0, leases: 0, processes: 2 });
    for (let request = 0; request < 50; request += 1) {
      await ask(one, chargeOf(1e9));
      await simulation.advance(1);
    }
    await ask(one, chargeOf(5, 'other'));
    const { claims, ...rest } = one.engine.statistics;
    expect(rest).toEqual({ decisions: 51, keys: 2, leases: 1, processes: 2 });
    expect(claims).toBeGreaterThanOrEqual(3);
    expect(claims).toBeLessThan(20);
  });

  test('name one process before others are known', () => {
    expect(fleetOf(2).one.engine.statistics.processes).toBe(1);
  });
});

/** Whether a promise is fulfilled after what can go on has gone on. */
async function isFulfilled(promise: Promise<unknown>): Promise<boolean> {
  let fulfilled = false;
  void promise.then(() => {
    fulfilled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return fulfilled;
}

describe('a leased engine is ready', () => {
  test('when its ledger is, and it knows the other processes', async () => {
    let [connect, join] = [() => {}, (_: string[]) => {}];
    const { engine, open } = engineOn({
      ready: () =>
        new Promise((resolve) => {
          connect = resolve;
        }),
      join: () =>
        new Promise((resolve) => {
          join = resolve;
        }),
    });
    const ready = engine.ready();
    expect(await isFulfilled(ready)).toBe(false);
    open();
    connect();
    expect(await isFulfilled(ready)).toBe(false);
    join(['me', 'other']);
    expect(await isFulfilled(ready)).toBe(true);
    expect(engine.statistics.processes).toBe(2);
  });

  test('to decide alone when it has a share', async () => {
    const { engine, timers, open } = engineOn({ join: async () => ['me', 'other'] });
    const before = timers.length;
    expect(await isFulfilled(engine.readyAlone())).toBe(true);
    open();
    await engine.ready();
    const ready = engine.readyAlone();
    expect(timers.slice(before)).toMatchObject([{ milliseconds: 2000, stopped: false }]);
    expect(await isFulfilled(ready)).toBe(false);
    timers.at(-1)?.run();
    expect(await isFulfilled(ready)).toBe(true);
    expect(timers.at(-1)?.stopped).toBe(true);
  });

  test('at once if it is alone', async () => {
    const { engine, timers, open } = engineOn({});
    open();
    await engine.ready();
    const before = timers.length;
    await engine.readyAlone();
    expect(timers).toHaveLength(before);
  });
});

test('an answer that leaves a claim out is an error, not an admission', async () => {
  const { engine } = engineOn({ claim: async () => ({ decision: 'granted', generation: 1, claimed: [] }) });
  await expect(engine.consume([chargeOf(5)])).rejects.toThrow('The ledger left a claim out.');
});

test('units that a process claims ahead are waited for, whoever waits for them', async () => {
  const overs: boolean[] = [];
  const { engine, clock } = engineOn({
    async claim(claims, isOver) {
      overs.push(isOver());
      const claimed = claims.map(({ more }) => ({
        ...{ fits: true, available: 1e6, resetMilliseconds: HOUR, id: 7, extraId: 7, extraMilliseconds: HOUR },
        ...{ extra: more, soft: false },
      }));
      return { decision: 'granted', generation: 1, claimed };
    },
  });
  let atOnce = 0;
  for (let request = 0; request < 200; request += 1) {
    clock.advance(1);
    const asked = overs.length;
    const decision = engine.consume([chargeOf(1e9)]);
    if (!(decision instanceof Promise) && overs.length > asked) atOnce += 1;
    await decision;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Some were claimed while a lease still paid.
  expect(atOnce).toBeGreaterThan(0);
  expect(new Set(overs)).toEqual(new Set([false]));
});

test('a policy of nothing refuses without the ledger', () => {
  const charge = chargeOf(0);
  expect(localDecision(new KeyStates(1000), [charge], 5)).toEqual({
    allowed: false,
    results: [{ allowed: false, remaining: 0, resetMilliseconds: HOUR, portions: [] }],
  });
});

describe('units that were held for a request that was not admitted', () => {
  const released = (algorithm: 'fixed-window' | 'sliding-window', isCurrent: boolean) => {
    const returns: Return[] = [];
    const ledger = { connected: true, giveBack: async (some: readonly Return[]) => void returns.push(...some) };
    const leases = new Leases(
      ledger as unknown as Ledger,
      new KeyStates(1000),
      new VirtualClock(),
      (_, units) => units,
    );
    const charge = { ...chargeOf(5), algorithm };
    const [state, lease] = [new KeyState(), new Lease(charge, 1, 7, HOUR, HOUR)];
    state.lease = isCurrent ? lease : new Lease(charge, 1, 8, HOUR, HOUR);
    leases.release(state, lease, 3);
    leases.release(state, lease, 0);
    return { returns, balances: [lease.balance, leases.size], charge };
  };

  test.each(['fixed-window', 'sliding-window'] as const)('go back to their lease (%s)', (algorithm) => {
    expect(released(algorithm, true)).toMatchObject({ returns: [], balances: [3, 1] });
  });

  test('stay spent if their fixed window is over', () => {
    expect(released('fixed-window', false)).toMatchObject({ returns: [], balances: [0, 0] });
  });

  test('go back to the ledger if there is another lease of a sliding window', () => {
    const { returns, balances, charge } = released('sliding-window', false);
    expect(returns).toEqual([{ charge, generation: 1, id: 7, units: 3 }]);
    expect(balances).toEqual([0, 0]);
  });
});
