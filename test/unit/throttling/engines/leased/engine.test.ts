import { describe, expect, jest, test } from '@jest/globals';
import {
  createThrottle,
  type FailureReservation,
  type LeasedEngineOptions,
  leasedEngine,
  StoreAwayError,
} from '../../../../../src/throttling/index.js';
import type { Charge, ThrottleDecision } from '../../../../../src/throttling/throttle-engine.js';
import { Fleet, type Process, settled } from '../../../../support/throttling/fleet.js';

const HOUR = 3_600_000;

function fleetOf(processes: number) {
  const fleet = new Fleet(processes, { callsByTag: false, maxKeys: 1000, clockOffset: (name) => name.length * 1e6 });
  const { simulation } = fleet;
  const ask = async ({ engine }: Process, ...charges: Charge[]): Promise<ThrottleDecision> => {
    const decision = engine.consume(charges);
    if (decision instanceof Promise) await simulation.advance(0);
    return decision;
  };
  /** Asks so often that a lease is made, until it is there. */
  const heat = async (process: Process, charge: Charge) => {
    let admitted = 0;
    while (!(process.engine.consume([{ ...charge, cost: 0 }]) instanceof Promise) || admitted < 20) {
      if (!(await ask(process, charge)).allowed) throw new Error('The limit was too low.');
      admitted++;
      await simulation.advance(1);
    }
    return admitted;
  };
  return { fleet, simulation, ask, heat, processes: fleet.processes as [Process, ...Process[]] };
}

function chargeOf(limit: number, windowMilliseconds = HOUR, key = 'k'): Charge {
  return { key, tag: key, limit, windowMilliseconds, cost: 1 };
}

describe('a leased engine', () => {
  test('decides at once on a hot key, and asks the ledger for a small part of the requests', async () => {
    const { processes, ask, heat, simulation } = fleetOf(1);
    const [one] = processes;
    const charge = chargeOf(1e9);
    await heat(one, charge);
    const before = one.wire.calls;
    let promises = 0;
    for (let request = 0; request < 20_000; request++) {
      if (one.engine.consume([charge]) instanceof Promise) promises++;
      if (request % 100 === 0) await simulation.advance(1);
    }
    await ask(one, charge);
    expect(one.wire.calls - before).toBeLessThan(20_000 * 0.02);
    expect(promises).toBeLessThan(20_000 * 0.02);
  });

  test('asks once for a cold key, and never again for one that is over its limit', async () => {
    const { processes, ask } = fleetOf(1);
    const [one] = processes;
    const before = one.wire.calls;
    for (let key = 0; key < 100; key++) expect((await ask(one, chargeOf(1, HOUR, `cold${key}`))).allowed).toBe(true);
    expect(one.wire.calls - before).toBe(100);
    for (let key = 0; key < 100; key++) expect((await ask(one, chargeOf(1, HOUR, `cold${key}`))).allowed).toBe(false);
    expect(one.wire.calls - before).toBe(100);
  });

  test('shares calls between requests of one key that come together', async () => {
    const { processes, simulation } = fleetOf(1);
    const [one] = processes;
    const before = one.wire.calls;
    const decisions = Array.from({ length: 50 }, () => one.engine.consume([chargeOf(1000)]));
    await simulation.advance(0);
    expect((await Promise.all(decisions)).every(({ allowed }) => allowed)).toBe(true);
    // The first request, all others but the last, and the last, which is to tell what remains in the ledger.
    expect(one.wire.calls - before).toBeLessThanOrEqual(3);
  });

  test('never spends a lease after its window, however late the answer came', async () => {
    const { processes, heat, simulation, fleet } = fleetOf(1);
    const [one] = processes;
    const charge = chargeOf(1000, 1000);
    await heat(one, charge);
    // Until the next window the wire is slow, so that answers come after the window that they are from.
    const end = Math.max(...fleet.model.windows.map(({ endsAt }) => endsAt));
    await simulation.advance(end - 30 - simulation.now);
    one.wire.backMilliseconds = 100;
    const late = one.engine.consume([{ ...charge, cost: 900 }]);
    await simulation.advance(500);
    const decision = await late;
    // What was granted in the old window is void: the request was counted in the new one.
    const used = fleet.model.claim([{ charge, need: 0, want: 0, more: 0, divisor: 1 }]);
    expect(decision.allowed).toBe(true);
    expect(used).toMatchObject({ claimed: [{ available: 100 }] });
  });

  test('gives the units of idle leases back, so that others have them', async () => {
    const { processes, ask, heat, simulation } = fleetOf(2);
    const [one, two] = processes as [Process, Process];
    const charge = chargeOf(300);
    const spent = await heat(one, charge);
    await simulation.advance(1000);
    const rest = { ...charge, cost: 300 - spent };
    expect((await ask(two, rest)).allowed).toBe(true);
    expect((await ask(two, charge)).allowed).toBe(false);
  });

  test('returns what it has when it is closed', async () => {
    const { processes, ask, heat } = fleetOf(2);
    const [one, two] = processes as [Process, Process];
    const charge = chargeOf(300);
    const spent = await heat(one, charge);
    const closing = one.engine.close();
    await ask(two, chargeOf(1, HOUR, 'other'));
    await closing;
    expect((await ask(two, { ...charge, cost: 300 - spent })).allowed).toBe(true);
  });

  test('returns what it is granted while it is closed', async () => {
    const { processes, ask, heat, simulation } = fleetOf(2);
    const [one, two] = processes as [Process, Process];
    const charge = chargeOf(3000);
    let spent = await heat(one, charge);
    await simulation.advance(1);
    one.wire.thereMilliseconds = one.wire.backMilliseconds = 20;
    const before = one.wire.calls;
    const decisions: (ThrottleDecision | Promise<ThrottleDecision>)[] = [];
    // Until it asks for more.
    while (one.wire.calls === before && spent + decisions.length < 3000) decisions.push(one.engine.consume([charge]));
    const closing = one.engine.close();
    await simulation.advance(100);
    await closing;
    for (const { allowed } of await Promise.all(decisions)) expect(allowed).toBe(true);
    spent += decisions.length;
    expect((await ask(two, { ...charge, cost: 3000 - spent })).allowed).toBe(true);
  });

  test('is closed within half a second, also if the ledger is silent', async () => {
    const { processes, heat, simulation } = fleetOf(1);
    const [one] = processes;
    await heat(one, chargeOf(300));
    one.wire.thereMilliseconds = 60_000;
    let closed = false;
    void one.engine.close().then(() => {
      closed = true;
    });
    await simulation.advance(500);
    expect(closed).toBe(true);
  });

  test('charges a cost that is larger than a lease in one decision', async () => {
    const { processes, ask, heat } = fleetOf(1);
    const [one] = processes;
    const charge = chargeOf(300);
    const spent = await heat(one, charge);
    expect(await ask(one, { ...charge, cost: 300 - spent })).toMatchObject({
      allowed: true,
      results: [{ remaining: 0 }],
    });
  });

  test('lets a place that is returned be taken at once, without the ledger', async () => {
    const { processes, ask, simulation } = fleetOf(1);
    const [one] = processes;
    const charge = { ...chargeOf(1), mayBeRefunded: true };
    let taken = await ask(one, charge);
    const before = one.wire.calls;
    for (let request = 0; request < 10; request++) {
      await Promise.all([one.engine.refund([charge], taken), simulation.advance(0)]);
      taken = await ask(one, charge);
      expect(taken.allowed).toBe(true);
      expect((await ask(one, charge)).allowed).toBe(false);
    }
    expect(one.wire.calls - before).toBeLessThanOrEqual(20);
  });

  test('a decision is returned once, whoever asks for it again', async () => {
    const { processes, ask, simulation } = fleetOf(1);
    const [one] = processes;
    const charge = { ...chargeOf(2), mayBeRefunded: true };
    const first = await ask(one, charge);
    await ask(one, charge);
    for (let time = 0; time < 2; time++) {
      await Promise.all([one.engine.refund([charge], first), simulation.advance(0)]);
    }
    expect((await ask(one, charge)).allowed).toBe(true);
    expect((await ask(one, charge)).allowed).toBe(false);
  });
});

describe('while the ledger is unavailable, in the mode local', () => {
  test('processes share a limit, and count on when the ledger comes and goes', async () => {
    const { processes, simulation } = fleetOf(4);
    await simulation.advance(5000);
    const charge = chargeOf(10);
    const admitAlone = () =>
      processes.reduce((sum, { engine }) => {
        let admitted = 0;
        while (engine.consumeAlone([charge])?.allowed === true) admitted++;
        return sum + admitted;
      }, 0);
    for (const { wire } of processes) wire.disconnect();
    expect(admitAlone()).toBe(10);
    expect(admitAlone()).toBe(0);
    for (const { wire } of processes) wire.connect();
    await simulation.advance(100);
    // What was spent alone is known to the ledger.
    const asked = processes[0].engine.consume([charge]);
    await simulation.advance(0);
    expect((await asked).allowed).toBe(false);
    for (const { wire } of processes) wire.disconnect();
    expect(admitAlone()).toBe(0);
  });

  test('their shares are no larger after the ledger has forgotten who they are', async () => {
    const { fleet, processes, simulation } = fleetOf(3);
    await simulation.advance(5000);
    fleet.loseLedger(true);
    // Who came back first has read of itself only.
    await simulation.advance(10);
    for (const { wire } of processes) wire.disconnect();
    const shares = processes.map(({ engine }) => {
      let admitted = 0;
      while (engine.consumeAlone([chargeOf(12)])?.allowed === true) admitted++;
      return admitted;
    });
    expect(shares).toEqual([4, 4, 4]);
  });

  test('a process that comes back after a long silence goes on with the share that it had', async () => {
    const { fleet, processes, simulation } = fleetOf(3);
    await simulation.advance(5000);
    for (const { wire } of processes) wire.disconnect();
    await simulation.advance(60_000);
    fleet.loseLedger(true);
    await simulation.advance(10);
    for (const { wire } of processes) wire.disconnect();
    const admitted = () =>
      processes.map(({ engine }) => {
        let count = 0;
        while (engine.consumeAlone([chargeOf(12)])?.allowed === true) count++;
        return count;
      });
    expect(admitted()).toEqual([4, 4, 4]);
    expect(admitted()).toEqual([0, 0, 0]);
  });

  test('they share the budget of failed authentications too, and a place that is returned is free again', async () => {
    const { processes, simulation } = fleetOf(4);
    await simulation.advance(5000);
    for (const { wire } of processes) wire.disconnect();
    const taken: FailureReservation[] = [];
    const throttles = processes.map(({ engine, clock }) =>
      createThrottle({ engine, failedAuthentication: '10/h' }, { clock }),
    );
    // All but the first one fail; while that one is under way, its process's next tries wait for it.
    const take = async () => {
      for (const { failedAuthentications } of throttles) {
        void Promise.resolve(failedAuthentications.reserve('ip:192.0.2.1')).then((one) => {
          if (taken.push(one) > 1) one.fail();
        });
        await simulation.advance(0);
      }
      return taken.filter(({ allowed }) => allowed).length;
    };
    for (let more = 0; more < 10; more++) await take();
    expect(await take()).toBe(10);
    taken[0]?.release();
    taken[0]?.release();
    expect(await take()).toBe(11);
    expect(await take()).toBe(11);
  });

  test.each(['fixed-window', 'sliding-window'] as const)(
    'what a process has spent with the ledger is no part of its share any more (%s)',
    async (algorithm) => {
      const { processes, ask, simulation } = fleetOf(1);
      const [one] = processes;
      await simulation.advance(5000);
      const charge = { ...chargeOf(10), algorithm };
      for (let request = 0; request < 7; request++) expect((await ask(one, charge)).allowed).toBe(true);
      one.wire.disconnect();
      let alone = 0;
      while (one.engine.consumeAlone([charge])?.allowed === true) alone++;
      expect(alone).toBe(3);
      // Its windows over, the share is whole again.
      await simulation.advance(2 * HOUR);
      while (one.engine.consumeAlone([charge])?.allowed === true) alone++;
      expect(alone).toBe(3 + 10);
    },
  );

  test('units that the ledger granted after all pay for what was spent alone meanwhile', async () => {
    const { processes, simulation } = fleetOf(1);
    const [one] = processes;
    await simulation.advance(5000);
    const charge = chargeOf(10);
    one.wire.backMilliseconds = 60;
    // The first asks for itself, the second also for those that wait behind it.
    const asked = Array.from({ length: 6 }, () => one.engine.consume([charge]));
    await simulation.advance(61);
    let alone = 0;
    while (one.engine.consumeAlone([charge])?.allowed === true) alone++;
    expect(alone).toBe(9);
    await simulation.advance(500);
    const admitted = (await Promise.all(asked)).filter(({ allowed }) => allowed).length;
    // The first was admitted before, the second by the ledger; the others wait for units that are spent.
    expect(admitted).toBe(2);
  });

  test('the last known membership counts, and a process that has just come has no share', async () => {
    const { fleet, processes, simulation } = fleetOf(3);
    await simulation.advance(5000);
    fleet.crash(2);
    await simulation.advance(10);
    for (const { wire } of fleet.processes) wire.disconnect();
    await simulation.advance(60_000);
    const [one, two] = processes as [Process, Process];
    expect(one.engine.consumeAlone([{ ...chargeOf(9), cost: 4 }])?.allowed).toBe(false);
    expect(one.engine.consumeAlone([{ ...chargeOf(9), cost: 2 }])?.allowed).toBe(true);
    expect(two.engine.consumeAlone([{ ...chargeOf(9), cost: 3 }])).toBeDefined();
  });

  test('a process that never met the others decides nothing', async () => {
    const { fleet, simulation } = fleetOf(1);
    await settled();
    const [one] = fleet.processes as [Process];
    expect(one.engine.consumeAlone([chargeOf(5)])).toBeUndefined();
    void simulation;
  });
});

test.each<[string, Partial<LeasedEngineOptions>, RegExp]>([
  ['a prefix with a brace', { keyPrefix: '{a}' }, /leasedEngine\.keyPrefix cannot be .*without braces/],
  ['no deadline', { deadlineMilliseconds: 0 }, /leasedEngine\.deadlineMilliseconds cannot be 0/],
  ['too few keys', { maxKeys: 10 }, /leasedEngine\.maxKeys cannot be 10: give a whole number, at least 1000/],
  [
    'an unknown way on',
    { whenLedgerIsLost: 'guess' as 'wait' },
    /leasedEngine\.whenLedgerIsLost cannot be a string: use 'wait' or 'restart'/,
  ],
  ['what is no object', null as never, /leasedEngine cannot be null: give an object, at least \{ redis \}/],
  ['no Redis', { redis: undefined }, /leasedEngine\.redis cannot be undefined: give a Redis URL or a client/],
])('%s is an error at start-up', (_, options, message) => {
  const make = () => leasedEngine(options && { redis: 'redis://127.0.0.1:1', ...options });
  expect(make).toThrow(message);
  expect(make).toThrow(expect.objectContaining({ name: 'ConfigurationError' }));
});

test('a leased engine can be made before its Redis is there, and closed without it', async () => {
  const engine = leasedEngine({ redis: 'redis://127.0.0.1:1' });
  await engine.ready?.();
  await expect((async () => engine.consume([chargeOf(5)]))()).rejects.toBeInstanceOf(StoreAwayError);
  expect(engine.statistics).toEqual({ decisions: 1, claims: 1, keys: 1, leases: 0, processes: 1 });
  await engine.close?.();
});

test('a leased engine that is closed has nothing more to do later', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout', 'performance'] });
  try {
    const engine = leasedEngine({ redis: 'redis://127.0.0.1:1' });
    expect(jest.getTimerCount()).toBeGreaterThan(0);
    await engine.close?.();
    jest.advanceTimersByTime(500);
    expect(jest.getTimerCount()).toBe(0);
  } finally {
    jest.useRealTimers();
  }
});
