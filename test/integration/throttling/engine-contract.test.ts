import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ThrottleAlgorithm } from '../../../src/throttling/index.js';
import type { Charge, ThrottleEngine } from '../../../src/throttling/throttle-engine.js';
import {
  charge as chargeOf,
  type EngineUnderTest,
  engines,
  onlyFixed,
  pause,
  until,
} from '../../support/throttling/engines.js';
import { withinWindow } from '../../support/within-window.js';

const cases = Object.keys(engines).flatMap((name): [string, ThrottleAlgorithm][] =>
  onlyFixed.has(name)
    ? [[name, 'fixed-window']]
    : [
        [name, 'fixed-window'],
        [name, 'sliding-window'],
      ],
);

describe.each(cases)('an engine %s, %s', (name, algorithm) => {
  let under: EngineUnderTest;
  let engine: ThrottleEngine;
  let people = 0;
  const charge = (tag: string, limit: number, windowSeconds: number, cost = 1, policy = 'user') =>
    chargeOf(tag, limit, windowSeconds, cost, policy, algorithm);
  const someone = () => `user:${people++}`;
  const consume = async (...charges: Charge[]) => engine.consume(charges);
  const remaining = async (one: Charge) => (await consume({ ...one, cost: 0 })).results[0]?.remaining;
  async function expectRemaining(one: Charge, units: number): Promise<void> {
    if (!name.startsWith('with leases')) return expect(await remaining(one)).toBe(units);
    // A lease that is just being returned in part tells less than all that is left, and never more.
    await until(async () => {
      const told = await remaining(one);
      expect(told).toBeLessThanOrEqual(units);
      return told === units;
    }, `${units} are left`);
  }

  beforeAll(async () => {
    under = await (engines[name] as () => Promise<EngineUnderTest>)();
    engine = under.engine;
    await engine.ready?.();
  });
  afterAll(() => under?.stop());

  test('counts down and then refuses until the window ends', async () => {
    const one = charge(someone(), 3, 60);
    for (const left of [2, 1, 0]) {
      const { allowed, results } = await consume(one);
      expect(allowed).toBe(true);
      expect(results).toHaveLength(1);
      expect(results[0]).toMatchObject({ allowed: true, remaining: left });
      expect(results[0]?.resetMilliseconds).toBeGreaterThan(0);
      expect(results[0]?.resetMilliseconds).toBeLessThanOrEqual(60_000);
    }
    for (let more = 0; more < 3; more++) {
      const { allowed, results } = await consume(one);
      expect(allowed).toBe(false);
      expect(results[0]).toMatchObject({ allowed: false, remaining: 0 });
      expect(results[0]?.resetMilliseconds).toBeGreaterThan(0);
      expect(results[0]?.resetMilliseconds).toBeLessThanOrEqual(60_000);
    }
  });

  test('admits exactly the limit of 200 concurrent requests', async () => {
    const one = charge(someone(), 10, 60);
    const decisions = await Promise.all(Array.from({ length: 200 }, () => consume(one)));
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(10);
    await expectRemaining(one, 0);
  });

  test('frees a key when its window ends', async () => {
    const { one, allowed, results } = await withinWindow(1_000, async () => {
      const one = charge(someone(), 2, 1);
      await consume(one);
      await consume(one);
      return { one, ...(await consume(one)) };
    });
    expect(allowed).toBe(false);
    await pause((results[0]?.resetMilliseconds ?? 0) + 20);
    expect((await consume(one)).results[0]).toMatchObject({ allowed: true, remaining: 1 });
  });

  test('never counts different keys together', async () => {
    const person = someone();
    const keys = [
      charge(person, 1, 60),
      charge(person.replace('user:', 'client:'), 1, 60),
      charge(person, 1, 60, 1, 'other'),
      charge(person, 1, 120),
      charge(`${person}}`, 1, 60),
      charge(`{${person}}`, 1, 60),
      charge(`${person}:`, 1, 60),
      charge(`${person} ü€`, 1, 60),
    ];
    for (const one of keys) expect((await consume(one)).allowed).toBe(true);
    for (const one of keys) expect((await consume(one)).allowed).toBe(false);
  });

  test('spends nothing anywhere if one charge does not fit, wherever it stands', async () => {
    const person = someone();
    const full = charge(person, 1, 60, 1, 'full');
    const left = charge(person, 5, 60, 2, 'left');
    const right = charge(person, 5, 60, 3, 'right');
    await consume(full);
    for (const order of [
      [full, left, right],
      [left, full, right],
      [left, right, full],
    ]) {
      const { allowed, results } = await consume(...order);
      expect(allowed).toBe(false);
      order.forEach((one, index) => {
        const expected = one === full ? { allowed: false, remaining: 0 } : { allowed: true, remaining: 5 };
        expect(results[index]).toMatchObject(expected);
      });
    }
    await expectRemaining(left, 5);
    await expectRemaining(right, 5);
    expect((await consume(left, right)).allowed).toBe(true);
    await expectRemaining(left, 3);
    await expectRemaining(right, 2);
  });

  test('spends nothing of a charge that is refused itself', async () => {
    const person = someone();
    await consume(charge(person, 10, 60, 8));
    for (let more = 0; more < 5; more++) {
      const { allowed, results } = await consume(charge(person, 10, 60, 3));
      expect(allowed).toBe(false);
      expect(results[0]?.remaining).toBe(2);
    }
    expect((await consume(charge(person, 10, 60, 2))).allowed).toBe(true);
  });

  test('decides on charges of several principals together', async () => {
    const [first, second] = [charge(someone(), 5, 60), charge(someone(), 1, 60)];
    expect((await consume(first, second)).allowed).toBe(true);
    const { allowed, results } = await consume(first, second);
    expect(allowed).toBe(false);
    expect(results).toMatchObject([
      { allowed: true, remaining: 4 },
      { allowed: false, remaining: 0 },
    ]);
    await expectRemaining(first, 4);
    expect((await consume(second, first)).allowed).toBe(false);
    await expectRemaining(first, 4);
  });

  test('counts the same key twice if it is charged twice', async () => {
    const person = someone();
    const one = charge(person, 3, 60, 2);
    expect((await consume(one, one)).allowed).toBe(false);
    await expectRemaining(one, 3);
    expect((await consume({ ...one, cost: 1 }, one)).allowed).toBe(true);
    await expectRemaining(one, 0);
  });

  test('asks without spending at a cost of 0', async () => {
    const one = charge(someone(), 2, 60, 0);
    for (let more = 0; more < 5; more++) {
      expect(await consume(one)).toMatchObject({ allowed: true, results: [{ allowed: true, remaining: 2 }] });
    }
  });

  test('refuses always at a limit of 0', async () => {
    const one = charge(someone(), 0, 60);
    const { allowed, results } = await consume(one);
    expect(allowed).toBe(false);
    expect(results[0]).toMatchObject({ allowed: false, remaining: 0 });
    expect(results[0]?.resetMilliseconds).toBeGreaterThan(0);
  });

  test('returns what a decision spent', async () => {
    const [first, second] = [charge(someone(), 5, 60, 2), charge(someone(), 5, 60, 3)];
    await consume(first, second);
    const decision = await consume(first);
    await engine.refund([first], decision);
    await expectRemaining(first, 3);
    const both = await consume({ ...first, cost: 1 }, { ...second, cost: 1 });
    await engine.refund(
      [
        { ...first, cost: 1 },
        { ...second, cost: 1 },
      ],
      both,
    );
    await expectRemaining(first, 3);
    await expectRemaining(second, 2);
  });

  test('gives nothing back for a refusal', async () => {
    const one = charge(someone(), 1, 60);
    await consume(one);
    await engine.refund([one], await consume(one));
    expect((await consume(one)).allowed).toBe(false);
  });

  test('gives nothing back into a later window', async () => {
    const later = await withinWindow(2_000, async () => {
      const one = charge(someone(), 2, 1);
      const early = await consume(one);
      await pause((early.results[0]?.resetMilliseconds ?? 0) + 20);
      const spent = [await consume(one), await consume(one)];
      await engine.refund([one], early);
      return [...spent, await consume(one)];
    });
    expect(later.map(({ allowed }) => allowed)).toEqual([true, true, false]);
  });

  test('decides on more charges than usual', async () => {
    const person = someone();
    const charges = Array.from({ length: 9 }, (_, index) => charge(person, 2, 60, 1, `policy${index}`));
    expect((await Promise.all([consume(...charges), consume(...charges)])).every(({ allowed }) => allowed)).toBe(true);
    expect((await consume(...charges)).allowed).toBe(false);
  });

  test('shares exactly with another engine on the same store, as two processes have them', async () => {
    const other = under.another?.() ?? engine;
    await other.ready?.();
    const one = charge(someone(), 25, 60);
    const decisions = await Promise.all(
      Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? engine : other).consume([one])),
    );
    expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(25);
  });
});
