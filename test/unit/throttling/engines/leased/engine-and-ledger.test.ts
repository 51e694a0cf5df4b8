import { describe, expect, test } from '@jest/globals';
import type { ThrottleAlgorithm } from '../../../../../src/throttling/algorithm.js';
import type { Claimed, Registration, Return } from '../../../../../src/throttling/engines/leased/ledger.js';
import type { Charge, ThrottleDecision } from '../../../../../src/throttling/throttle-engine.js';
import { engineOn } from '../../../../support/throttling/engine-on-ledger.js';
import { settled } from '../../../../support/throttling/fleet.js';

const WINDOW = 10_000;
const chargeOf = (cost = 1, key = 'k', algorithm: ThrottleAlgorithm = 'fixed-window'): Charge => ({
  ...{ key, tag: key, limit: 10, windowMilliseconds: WINDOW, cost, algorithm },
});

/** An engine whose ledger grants what is asked, and so much more, in windows that began with the test. */
function engineWith({ extra = 0 } = {}) {
  const events: string[] = [];
  const made = engineOn({
    async claim(claims) {
      const left = WINDOW - ((made.clock.milliseconds - start) % WINDOW);
      const id = made.clock.milliseconds + left;
      events.push(`claim ${claims.map(({ charge, need }) => `${charge.key} ${need}`)}`);
      const claimed: Claimed[] = claims.map(() => ({
        ...{ fits: true, available: 50, resetMilliseconds: left, id, extra, soft: false },
        ...{ extraId: id, extraMilliseconds: left },
      }));
      return { decision: 'granted', generation: 1, claimed };
    },
    async giveBack(returns: readonly Return[]) {
      events.push(`give back ${returns.map(({ charge, units }) => `${charge.key} ${units}`)}`);
    },
    async register(registrations: readonly Registration[]) {
      events.push(`register ${registrations.map(({ charge, units }) => `${charge.key} ${units}`)}`);
    },
    async leave(member) {
      events.push(`leave ${member}`);
    },
    async close() {
      events.push('close');
    },
  });
  const start = made.clock.milliseconds;
  const { engine, open } = made;
  const join = async () => {
    open();
    await engine.ready();
  };
  return { ...made, events, join, ask: async (...charges: Charge[]) => engine.consume(charges) };
}

/** How many units a process admits without the ledger. */
function alone({ engine }: ReturnType<typeof engineWith>, charge: Charge): number {
  let admitted = 0;
  while (engine.consumeAlone([charge])?.allowed === true) admitted += 1;
  return admitted;
}

test('a limit of nothing refuses at once, also a key that is not known', () => {
  const { engine, events } = engineWith();
  expect(engine.consume([{ ...chargeOf(), limit: 0 }])).toMatchObject({ allowed: false, results: [{ remaining: 0 }] });
  expect(events).toEqual([]);
});

test('a listener hears each time that the ledger is available', () => {
  const { engine, open } = engineWith();
  let heard = 0;
  engine.onConnected(() => {
    heard += 1;
  });
  open();
  open();
  expect(heard).toBe(2);
});

test('a process without a share decides nothing alone, whatever a request charges', () => {
  const { engine } = engineWith();
  expect(engine.consumeAlone([chargeOf(), chargeOf(2)])).toBeUndefined();
});

test('what a process spent alone is registered within a second, also if the connection never broke', async () => {
  const { engine, join, events, timers } = engineWith();
  await join();
  engine.consumeAlone([chargeOf(3)]);
  await settled();
  expect(events).toEqual([]);
  timers.find(({ milliseconds }) => milliseconds === 1000)?.run();
  await settled();
  expect(events).toEqual(['register k 3']);
});

describe('a process that ends', () => {
  test('leaves the others, returns what it has, and closes the ledger, in this order', async () => {
    const { engine, join, ask, events, timers } = engineWith({ extra: 5 });
    await join();
    await ask(chargeOf());
    events.splice(0);
    await engine.close();
    expect(events).toEqual(['leave me', 'give back k 5', 'close']);
    expect(timers.slice(0, 2)).toMatchObject([
      { milliseconds: 250, stopped: true },
      { milliseconds: 1000, stopped: true },
    ]);
  });
});

describe('what is given back', () => {
  const giveBack = async (made: ReturnType<typeof engineWith>, algorithm: ThrottleAlgorithm) => {
    const decisions: ThrottleDecision[] = [];
    for (let request = 0; request < 7; request += 1) decisions.push(await made.ask(chargeOf(1, 'k', algorithm)));
    return (from: number, to: number) =>
      Promise.all(
        decisions.slice(from, to).map((decision) => made.engine.refund([chargeOf(1, 'k', algorithm)], decision)),
      );
  };

  test.each([
    ['fixed-window', 6],
    // There it counts as spent, because the place in the window is not known here.
    ['sliding-window', 3],
  ] as const)('is part of the share of a process again (%s)', async (algorithm, admitted) => {
    const made = engineWith();
    await made.join();
    const back = await giveBack(made, algorithm);
    await back(0, 3);
    expect(alone(made, chargeOf(1, 'k', algorithm))).toBe(admitted);
  });

  test('is no part of the share in a later window', async () => {
    const made = engineWith();
    await made.join();
    const back = await giveBack(made, 'fixed-window');
    made.clock.advance(WINDOW);
    await made.ask(chargeOf(2));
    await back(0, 7);
    expect(alone(made, chargeOf())).toBe(8);
  });

  test('is welcome for a key that is remembered no more', async () => {
    const made = engineWith();
    await made.join();
    const back = await giveBack(made, 'fixed-window');
    for (let other = 0; other < 2000; other += 1) await made.ask(chargeOf(1, `other${other}`));
    await back(0, 3);
    // The lease that they are has its last unit left.
    for (const atOnce of [true, true, false]) {
      expect(made.engine.consume([chargeOf()]) instanceof Promise).toBe(!atOnce);
    }
  });
});
