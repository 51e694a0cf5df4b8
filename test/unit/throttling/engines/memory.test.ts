import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConfigurationError } from '../../../../src/core/errors.js';
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
    for (let index = 0; index < 2000; index++) engine.consume([charge(`k${index}`, 1, 1000)]);
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

test.each([0, -1, 1.5, Number.NaN, '10'])('maxKeys %p is an error', (maxKeys) => {
  expect(() => memoryEngine({ maxKeys: maxKeys as number })).toThrow(ConfigurationError);
  expect(() => memoryEngine({ maxKeys: maxKeys as number })).toThrow('maxKeys');
});
