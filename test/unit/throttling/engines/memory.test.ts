import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError } from '../../../../src/core/errors.js';
import { isMemoryEngine } from '../../../../src/throttling/engines/memory.js';
import { memoryEngine } from '../../../../src/throttling/index.js';
import type { Charge } from '../../../../src/throttling/throttle-engine.js';
import { VirtualClock } from '../../../support/throttling/virtual-clock.js';

function charge(key: string, limit: number, windowMilliseconds: number, cost = 1): Charge {
  return { key: `${limit}/${windowMilliseconds}:${key}`, tag: key, limit, windowMilliseconds, cost };
}

/** Looks at every decision from outside, key by key, and complains of any that a fixed window would not allow. */
class Auditor {
  readonly #windows = new Map<string, { endsAt: number; admitted: number }>();

  admitted({ key, limit, cost }: Charge, endsAt: number, now: number): void {
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt, admitted: 0 };
      this.#windows.set(key, window);
    }
    // A window is never cut short.
    expect(endsAt).toBeCloseTo(window.endsAt, 3);
    window.admitted += cost;
    expect(window.admitted).toBeLessThanOrEqual(limit);
  }
}

test.each(['fixed-window', 'sliding-window'] as const)(
  '[TH-51] a window that has just begun is over in its own length, whatever fraction the clock shows (%s)',
  (algorithm) => {
    const clock = new VirtualClock();
    // Here (now + 1000) - now is more than 1000.
    clock.milliseconds = 1_000_000.1;
    while (clock.milliseconds + 1000 - clock.milliseconds <= 1000) clock.milliseconds += 0.1;
    const engine = memoryEngine({ clock });
    const one = { ...charge('k', 1, 1000), algorithm };
    for (const allowed of [true, false]) {
      expect(engine.consume([one])).toMatchObject({ allowed, results: [{ allowed, resetMilliseconds: 1000 }] });
    }
  },
);

const step = fc.record({
  charges: fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 11 }),
      rate: fc.constantFrom([3, 100], [5, 1000], [2, 250], [7, 5000]),
      cost: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  pause: fc.constantFrom(0, 0, 0, 1, 40, 99, 100, 260, 1000, 6000),
});
const steps = fc.array(step, { maxLength: 120 });
const chargesOf = ({ charges }: { charges: { key: number; rate: readonly [number, number]; cost: number }[] }) =>
  charges.map(({ key, rate, cost }) => charge(`k${key}`, rate[0], rate[1], cost));

describe.each([
  ['with room for all keys', 1000],
  ['with too little room', 3],
])('the memory engine %s', (_, maxKeys) => {
  test('never admits more than the limit in any window, and never cuts a window short', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const clock = new VirtualClock();
        const engine = memoryEngine({ maxKeys, clock });
        const auditor = new Auditor();
        for (const one of sequence) {
          clock.advance(one.pause);
          const charges = chargesOf(one);
          const { allowed, results } = engine.consume(charges);
          expect(allowed).toBe(results.every((result) => result.allowed));
          expect(engine.size).toBeLessThanOrEqual(maxKeys);
          if (!allowed) continue;
          charges.forEach((spent, index) => {
            if (spent.cost === 0) return;
            auditor.admitted(spent, clock.milliseconds + (results[index]?.resetMilliseconds ?? 0), clock.milliseconds);
          });
        }
      }),
      { numRuns: 400 },
    );
  });

  test('spends nothing for a refusal, and admits what it reports to remain', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const clock = new VirtualClock();
        const engine = memoryEngine({ maxKeys, clock });
        const stateOf = (charges: readonly Charge[]) =>
          charges.map((one) => engine.consume([{ ...one, cost: 0 }]).results[0]?.remaining);
        for (const one of sequence) {
          clock.advance(one.pause);
          const charges = chargesOf(one);
          const before = stateOf(charges);
          const { allowed, results } = engine.consume(charges);
          if (allowed) continue;
          expect(stateOf(charges)).toEqual(before);
          expect(results.map(({ remaining }) => remaining)).toEqual(before);
          const [first] = charges as [Charge];
          const [units = 0] = before;
          if (units > 0) {
            const all = engine.consume([{ ...first, cost: units }]);
            expect(all.allowed).toBe(true);
            engine.refund([{ ...first, cost: units }], all);
            expect(stateOf(charges)).toEqual(before);
          }
          expect(engine.consume([{ ...first, cost: units + 1 }]).allowed).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('under a flood of identifiers', () => {
  test('[TH-52] the memory engine keeps a bounded number of counters and admits no key more than its limit', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 500, clock });
    const admitted = new Map<string, number>();
    const ask = (key: string) => {
      if (engine.consume([charge(key, 2, 60_000)]).allowed) admitted.set(key, (admitted.get(key) ?? 0) + 1);
    };
    for (let round = 0; round < 4; round++) {
      for (let index = 0; index < 20_000; index++) ask(`hostile${index}`);
      expect(engine.size).toBeLessThanOrEqual(500);
      clock.advance(10_000);
    }
    expect(Math.max(...admitted.values())).toBe(2);
    // Who was there before the flood is counted as ever; the others share 64 counters of 2.
    expect([...admitted.values()].reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2 * (500 + 64));
  });

  test('a key that shares a counter stays with it until its window ends, even when there is room again', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 1, clock });
    engine.consume([charge('early', 1, 1000)]);
    clock.advance(500);
    expect(engine.consume([charge('late', 1, 1000)]).allowed).toBe(true);
    clock.advance(600);
    // The place of "early" is free, but "late" has spent its unit.
    expect(engine.consume([charge('late', 1, 1000)]).allowed).toBe(false);
    clock.advance(400);
    expect(engine.consume([charge('late', 1, 1000)]).allowed).toBe(true);
  });

  test('a key whose shared window has ended gets a place of its own, if there is one', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 1, clock });
    engine.consume([charge('early', 1, 1450)]);
    clock.advance(500);
    engine.consume([charge('late', 1, 1000)]);
    clock.advance(900);
    // Another shared window, which goes on.
    engine.consume([charge('third', 2, 1000)]);
    clock.advance(100);
    expect(engine.consume([charge('late', 1, 1000)])).toMatchObject({ allowed: true });
    expect(engine.size).toBe(1);
    clock.advance(999);
    expect(engine.consume([charge('late', 1, 1000)]).allowed).toBe(false);
  });

  test('a key that shares a counter stays with it, whatever shorter windows others have', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 1, clock });
    engine.consume([charge('early', 1, 1000)]);
    engine.consume([charge('long', 1, 5000)]);
    engine.consume([charge('short', 1, 1000)]);
    clock.advance(1500);
    expect(engine.consume([charge('long', 1, 5000)]).allowed).toBe(false);
  });

  test('places of ended windows are used again, without a timer', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 100, clock });
    for (let round = 0; round < 50; round++) {
      let refused = 0;
      for (let index = 0; index < 100; index++) {
        if (!engine.consume([charge(`r${round}k${index}`, 1, 1000)]).allowed) refused++;
      }
      expect(refused).toBeLessThan(35);
      clock.advance(2000);
    }
    expect(engine.size).toBeLessThanOrEqual(100);
  });

  test('keys that find no room share counters only with those of the same rate and algorithm', () => {
    const engine = memoryEngine({ maxKeys: 1, clock: new VirtualClock() });
    engine.consume([charge('only', 1, 1000)]);
    // So many keys spend each of the shared counters.
    const allowed = Array.from({ length: 2000 }, (_, index) => engine.consume([charge(`k${index}`, 1, 1000)]).allowed);
    expect(allowed.filter(Boolean)).toHaveLength(64);
    expect(engine.consume([charge('another', 1, 1000)]).allowed).toBe(false);
    expect(engine.consume([{ ...charge('another', 1, 1000), algorithm: 'sliding-window' }]).allowed).toBe(true);
    expect(engine.consume([charge('another', 1, 2000)]).allowed).toBe(true);
    expect(engine.consume([charge('another', 2, 1000)]).allowed).toBe(true);
  });

  test('many different rates do not make room for more counters', () => {
    const engine = memoryEngine({ maxKeys: 1, clock: new VirtualClock() });
    engine.consume([charge('only', 1, 1000)]);
    const allowed = Array.from({ length: 500 }, (_, index) => engine.consume([charge('x', index + 1, 1000)]).allowed);
    expect(allowed.filter(Boolean)).toHaveLength(64);
    expect(engine.size).toBe(1);
  });
});

describe('the counters of the memory engine', () => {
  const engineOf = (maxKeys: number) => {
    const clock = new VirtualClock();
    return { clock, engine: memoryEngine({ maxKeys, clock }) };
  };

  test('that have ended are removed two at a time with each that is added', () => {
    const { clock, engine } = engineOf(100);
    for (let index = 0; index < 20; index++) engine.consume([charge(`old${index}`, 1, 1000)]);
    expect(engine.size).toBe(20);
    clock.advance(1000);
    engine.consume([charge('new', 1, 1000)]);
    expect(engine.size).toBe(19);
    engine.consume(['a', 'b', 'c'].map((key) => charge(key, 1, 1000)));
    expect(engine.size).toBe(16);
    // A request that adds none removes none.
    engine.consume([charge('a', 1, 1000)]);
    expect(engine.size).toBe(16);
  });

  test('that have ended make room where there is none, and those that have not stay', () => {
    const { clock, engine } = engineOf(10);
    for (let index = 0; index < 9; index++) engine.consume([charge(`old${index}`, 1, 1000)]);
    clock.advance(500);
    engine.consume([charge('young', 1, 1000)]);
    clock.advance(500);
    expect(engine.consume([charge('new', 1, 1000)])).toMatchObject({ allowed: true });
    expect(engine.size).toBe(2);
    expect(engine.consume([charge('young', 1, 1000)]).allowed).toBe(false);
    clock.advance(499);
    expect(engine.consume([charge('young', 1, 1000)]).allowed).toBe(false);
    clock.advance(1);
    expect(engine.consume([charge('young', 1, 1000)]).allowed).toBe(true);
  });

  test('are not made for a request that costs nothing', () => {
    const { engine } = engineOf(10);
    expect(engine.consume([charge('k', 5, 1000, 0)])).toMatchObject({
      allowed: true,
      results: [{ allowed: true, remaining: 5, resetMilliseconds: 1000 }],
    });
    expect(engine.size).toBe(0);
  });

  test('begin no window for a request that costs nothing, also when one has ended', () => {
    const { clock, engine } = engineOf(10);
    engine.consume([charge('k', 5, 1000)]);
    clock.advance(1500);
    const results = [{ remaining: 5, resetMilliseconds: 1000 }];
    expect(engine.consume([charge('k', 5, 1000, 0)])).toMatchObject({ allowed: true, results });
    clock.advance(200);
    expect(engine.consume([charge('k', 5, 1000)])).toMatchObject({ results: [{ resetMilliseconds: 1000 }] });
  });

  test('are none for a key that finds room nowhere, which is refused for a whole window', () => {
    const { engine } = engineOf(1);
    engine.consume([charge('only', 1, 1000)]);
    for (let limit = 1; limit <= 64; limit++) engine.consume([charge('x', limit, 2000)]);
    expect(engine.consume([charge('x', 65, 2000)])).toMatchObject({
      allowed: false,
      results: [{ allowed: false, remaining: 0, resetMilliseconds: 2000 }],
    });
  });

  test.each([
    ['new keys', [], ['a', 'b', 'c']],
    ['a key that has one', ['a'], ['a', 'b']],
    ['a key that comes twice', [], ['a', 'a', 'b']],
  ])('are as many as there is room for, also for %s in one request', (_, before, keys) => {
    const { engine } = engineOf(2);
    for (const key of before) engine.consume([charge(key, 3, 1000)]);
    expect(engine.consume(keys.map((key) => charge(key, 3, 1000))).allowed).toBe(true);
    expect(engine.size).toBe(2);
  });

  test('are one for a key that comes twice, also if that is the last for which there is room', () => {
    const { engine } = engineOf(1);
    expect(engine.consume([charge('k', 3, 1000, 2), charge('k', 3, 1000, 2)]).allowed).toBe(false);
    expect(engine.consume([charge('k', 3, 1000, 2), charge('k', 3, 1000)])).toMatchObject({
      allowed: true,
      results: [{}, { remaining: 0 }],
    });
  });

  test('that keys share count all of them, also those of one request', () => {
    const { clock, engine } = engineOf(1);
    engine.consume([charge('only', 1, 60_000)]);
    const keyed = (index: number) => charge(`k${index}`, 1, 1000);
    const first = keyed(0);
    engine.consume([first]);
    let other = 1;
    while (engine.consume([{ ...keyed(other), cost: 0 }]).results[0]?.remaining !== 0) other += 1;
    clock.advance(1000);
    expect(engine.consume([first, keyed(other)]).allowed).toBe(false);
    expect(engine.consume([keyed(other)]).allowed).toBe(true);
  });
});

describe.each(['fixed-window', 'sliding-window'] as const)('a refund to the memory engine (%s)', (algorithm) => {
  const engineOf = () => {
    const clock = new VirtualClock();
    return { clock, engine: memoryEngine({ clock }) };
  };
  const one = (cost = 1): Charge => ({ ...charge('k', 3, 1000, cost), algorithm });
  const remaining = (engine: ReturnType<typeof memoryEngine>) => engine.consume([one(0)]).results[0]?.remaining;

  test('gives back what a decision spent, and nothing for a refusal', () => {
    const { engine } = engineOf();
    const spent = engine.consume([one(2)]);
    const refused = engine.consume([one(2)]);
    engine.refund([one(2)], refused);
    expect(remaining(engine)).toBe(1);
    engine.refund([one(2)], spent);
    expect(remaining(engine)).toBe(3);
    engine.refund([one(2)], spent);
    expect(remaining(engine)).toBe(3);
  });

  test('gives nothing back to a later window, to a key without one, nor for a decision of another engine', () => {
    const { engine, clock } = engineOf();
    const early = engine.consume([one(2)]);
    engine.refund([one(2)], { allowed: true, results: [] });
    engine.refund([{ ...one(2), key: 'other' }], early);
    engine.refund([one(2)], { allowed: true, results: [{ allowed: true, remaining: 1, resetMilliseconds: 9 }] });
    expect(remaining(engine)).toBe(1);
    clock.advance(1000);
    engine.consume([one(3)]);
    engine.refund([one(2)], early);
    expect(remaining(engine)).toBe(0);
  });
});

describe.each(['fixed-window', 'sliding-window'] as const)('a request of several charges (%s)', (algorithm) => {
  test('is admitted as a whole or refused as a whole, with what is left of each', () => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ clock });
    const of = (key: string, limit: number, cost: number): Charge => ({ ...charge(key, limit, 1000, cost), algorithm });
    expect(engine.consume([of('a', 5, 2), of('b', 3, 3)])).toMatchObject({
      allowed: true,
      results: [
        { allowed: true, remaining: 3, resetMilliseconds: 1000 },
        { allowed: true, remaining: 0, resetMilliseconds: 1000 },
      ],
    });
    clock.advance(400);
    expect(engine.consume([of('a', 5, 3), of('b', 3, 1), of('c', 1, 1)])).toMatchObject({
      allowed: false,
      results: [
        { allowed: true, remaining: 3, resetMilliseconds: 600 },
        { allowed: false, remaining: 0, resetMilliseconds: 600 },
        { allowed: true, remaining: 1, resetMilliseconds: 1000 },
      ],
    });
    expect(engine.consume([of('a', 5, 2), of('a', 5, 2)]).allowed).toBe(false);
    expect(engine.consume([of('a', 5, 2), of('a', 5, 1)])).toMatchObject({
      allowed: true,
      results: [{}, { remaining: 0 }],
    });
    expect(engine.consume([of('z', 5, 5), of('z', 5, 1)]).allowed).toBe(false);
  });
});

describe('a window that slides', () => {
  const of = (key: string, cost: number): Charge => ({ ...charge(key, 2, 1000, cost), algorithm: 'sliding-window' });

  test.each([
    ['of its own', 'k'],
    ['that it shares, though there is room again', 'late'],
  ])('goes on while anything in it counts, for a key with a counter %s', (_, key) => {
    const clock = new VirtualClock();
    const engine = memoryEngine({ maxKeys: 1, clock });
    if (key === 'late') engine.consume([charge('early', 1, 1000)]);
    engine.consume([of(key, 1)]);
    clock.advance(900);
    engine.consume([of(key, 1)]);
    clock.advance(200);
    expect(engine.consume([of(key, 2)]).allowed).toBe(false);
    expect(engine.consume([of(key, 1)]).allowed).toBe(true);
    clock.advance(900);
    expect(engine.consume([of(key, 2)]).allowed).toBe(false);
    clock.advance(100);
    expect(engine.consume([of(key, 2)]).allowed).toBe(true);
  });
});

test('a charge that does not fit into a window that slides is told when it will', () => {
  const clock = new VirtualClock();
  const engine = memoryEngine({ clock });
  const of = (cost: number): Charge => ({ ...charge('k', 3, 1000, cost), algorithm: 'sliding-window' });
  engine.consume([of(1)]);
  clock.advance(400);
  engine.consume([of(2)]);
  clock.advance(100);
  for (const [cost, resetMilliseconds] of [
    [1, 500],
    [2, 900],
    [3, 900],
  ] as const) {
    expect(engine.consume([of(cost)])).toMatchObject({
      allowed: false,
      results: [{ remaining: 0, resetMilliseconds }],
    });
  }
});

test.each([0, -1, 1.5, Number.NaN, '10'])('maxKeys %p is an error', (maxKeys) => {
  expect(() => memoryEngine({ maxKeys: maxKeys as number })).toThrow(ConfigurationError);
  expect(() => memoryEngine({ maxKeys: maxKeys as number })).toThrow('maxKeys');
});

describe('windows, limits and room', () => {
  function started(maxKeys = 100) {
    const clock = new VirtualClock();
    return { clock, engine: memoryEngine({ clock, maxKeys }) };
  }

  test('what costs nothing at the very end of a window is told the length of the next one', () => {
    const { clock, engine } = started();
    engine.consume([charge('k', 5, 1000)]);
    clock.milliseconds += 1000;
    const [result] = engine.consume([charge('k', 5, 1000, 0)]).results;
    expect(result).toMatchObject({ allowed: true, remaining: 5, resetMilliseconds: 1000 });
  });

  test.each([0, 1])('a limit of 0 allows nothing, whatever it costs: %d', (cost) => {
    const { engine } = started();
    expect(engine.consume([charge('k', 0, 1000, cost)]).allowed).toBe(false);
    expect(engine.consume([charge('l', 1, 1000, 0), charge('k', 0, 1000, cost)]).allowed).toBe(false);
  });

  test('a key gets the room of those whose windows have ended, wherever they stand', () => {
    const { clock, engine } = started(3);
    engine.consume([charge('lives', 5, 10_000)]);
    for (const key of ['one', 'other']) engine.consume([charge(key, 5, 1000)]);
    clock.milliseconds += 1000;
    engine.consume([charge('late', 5, 1000)]);
    expect(engine.size).toBe(2);
  });

  test('an option that there is not is named with the engine', () => {
    expect(() => memoryEngine({ maxKey: 1 } as never)).toThrow(/\bmemoryEngine\b/);
  });

  test('is known as one, and a wrapped one is not', () => {
    const { engine } = started();
    expect(isMemoryEngine(engine)).toBe(true);
    expect(isMemoryEngine({ ...engine })).toBe(false);
  });
});
