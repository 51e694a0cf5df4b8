import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UndecidedError } from '../../../src/throttling/index.js';
import type { Charge, ThrottleDecision } from '../../../src/throttling/throttle-engine.js';
import { Fleet, type Process } from '../../support/throttling/fleet.js';
import { Auditor } from './auditor.js';

const PROCESSES = 3;
const RUNS = 200;

/** A few policies for one principal: few counters, so that they are spent, and windows that end often. */
const somePolicy = fc
  .record({
    limit: fc.constantFrom(1, 3, 10, 60, 400, 3000),
    windowMilliseconds: fc.constantFrom(1000, 1000, 5000, 20_000),
    sliding: fc.boolean(),
  })
  .map(({ sliding, ...rate }) => ({
    ...rate,
    algorithm: sliding ? ('sliding-window' as const) : ('fixed-window' as const),
  }));

function chargeOf(index: number, policy: Omit<Charge, 'key' | 'tag' | 'cost'>, cost: number): Charge {
  return { ...policy, key: `policy${index}`, tag: `tag${index % 2}`, cost: Math.min(cost, policy.limit) };
}

const someProcess = fc.integer({ min: 0, max: PROCESSES - 1 });
const cost = fc.constantFrom(1, 1, 1, 1, 2, 3, 0);
const step = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      what: fc.constant('ask' as const),
      process: someProcess,
      // The cost of each policy; none: it is not part of the request.
      costs: fc.array(fc.option(cost, { freq: 3 }), { minLength: 3, maxLength: 3 }),
      times: fc.constantFrom(1, 2, 10, 40, 150),
    }),
  },
  {
    weight: 25,
    arbitrary: fc.record({
      what: fc.constant('pass' as const),
      milliseconds: fc.constantFrom(0, 1, 2, 5, 10, 20, 40, 99, 250, 400, 700, 999, 1000, 4000),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      what: fc.constant('passToMoment' as const),
      which: fc.integer({ min: 0, max: 2 }),
      offset: fc.constantFrom(-200, -41, -40, -10, -2, -1, 0, 1, 2, 10, 20, 40, 150),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('slow' as const),
      process: someProcess,
      there: fc.constantFrom(0, 0, 1, 40, 700),
      back: fc.constantFrom(0, 0, 1, 40, 700, 1500),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constantFrom('loseAnswers' as const, 'loseQuestions' as const, 'crash' as const, 'disconnect' as const),
      process: someProcess,
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('connectAll' as const) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('refund' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('loseLedger' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

const settings = fc.record({
  callsByTag: fc.boolean(),
  maxKeys: fc.constantFrom(2, 1000, 1000),
  offsets: fc.array(fc.integer({ min: -900_000, max: 1_000_000_000 }), { minLength: 8, maxLength: 8 }),
  policies: fc.array(somePolicy, { minLength: 1, maxLength: 3 }),
});
type Settings = typeof settings extends fc.Arbitrary<infer One> ? One : never;

/** What the runs of a test met, so that it can be seen that they met anything. */
const met = { decisions: 0, admitted: 0, calls: 0, failures: 0 };

/** Runs a fleet through what happens to it, and gives what the auditor saw. */
async function run({ offsets, policies, ...others }: Settings, steps: readonly Step[]): Promise<string[]> {
  const clockOffset = (name: string) => offsets[Number(name.slice(7)) % offsets.length] as number;
  const fleet = new Fleet(PROCESSES, { ...others, clockOffset });
  const auditor = new Auditor();
  const refundable: (() => void)[] = [];
  const { simulation, model } = fleet;
  const failures: unknown[] = [];

  const ask = (process: Process, charges: readonly Charge[]) => {
    const admit = (decision: ThrottleDecision) => {
      const { allowed, results } = decision;
      met.decisions++;
      if (results.length !== charges.length || allowed !== results.every((result) => result.allowed)) {
        failures.push(decision);
      }
      if (results.some((result) => result.remaining < 0 || result.resetMilliseconds < 0)) failures.push(decision);
      if (!allowed || !process.alive) return;
      met.admitted++;
      const entries = charges.flatMap((charge, index) => auditor.admit(charge, results[index], simulation.now));
      const units = entries.reduce((total, entry) => total + entry.units, 0);
      if (units !== charges.reduce((total, charge) => total + charge.cost, 0)) failures.push(decision);
      refundable.push(() => {
        // What is given back was never admitted.
        for (const entry of entries) entry.units = 0;
        void process.engine.refund(charges, decision);
        if (entries.length % 2 === 0) void process.engine.refund(charges, decision);
      });
    };
    try {
      const decision = process.engine.consume(charges);
      if (decision instanceof Promise) decision.then(admit, () => met.failures++);
      else admit(decision);
    } catch (error) {
      met.failures++;
      if (!(error instanceof UndecidedError)) failures.push(error);
    }
  };

  await simulation.advance(10);
  for (const one of steps) {
    const process = 'process' in one ? fleet.processes[one.process] : undefined;
    if (one.what === 'pass') await simulation.advance(one.milliseconds);
    if (one.what === 'passToMoment') {
      const coming = [...model.moments].filter((moment) => moment > simulation.now).sort((left, right) => left - right);
      const moment = coming[one.which % Math.max(1, coming.length)];
      if (moment !== undefined) await simulation.advance(Math.max(0, moment + one.offset - simulation.now));
    }
    if (one.what === 'slow' && process !== undefined) {
      process.wire.thereMilliseconds = one.there;
      process.wire.backMilliseconds = one.back;
    }
    if (one.what === 'loseAnswers' && process !== undefined) process.wire.losesAnswers++;
    if (one.what === 'loseQuestions' && process !== undefined) process.wire.losesQuestions++;
    if (one.what === 'crash') fleet.crash(one.process);
    if (one.what === 'disconnect') process?.wire.disconnect();
    if (one.what === 'connectAll') for (const { wire } of fleet.processes) wire.connect();
    if (one.what === 'loseLedger') fleet.loseLedger(true);
    if (one.what === 'refund' && refundable.length > 0) refundable.splice(one.which % refundable.length, 1)[0]?.();
    if (one.what === 'ask' && process !== undefined) {
      const charges = policies.flatMap((policy, index) => {
        const units = one.costs[index] ?? undefined;
        return units === undefined ? [] : [chargeOf(index, policy, units)];
      });
      if (charges.length === 0) continue;
      for (let time = 0; time < one.times; time++) ask(process, charges);
      await simulation.advance(0);
    }
  }
  // What they still have goes back as well, so that it is seen if it is more than they were granted.
  for (const { wire, engine } of fleet.processes) {
    wire.connect();
    void engine.close();
  }
  await simulation.advance(5000);
  met.calls += fleet.processes.reduce((total, { wire }) => total + wire.calls, 0);
  return [...auditor.complaints(model), ...failures.map((failure) => JSON.stringify(failure))];
}

describe('a fleet with leases', () => {
  test('never admits more than a policy, whatever happens to processes, wires and the ledger', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(step, { minLength: 1, maxLength: 100, size: 'max' }),
        async (setting, steps) => {
          expect(await run(setting, steps)).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
    // Leases were made and spent, and everything was met that can go wrong.
    expect(met.admitted).toBeGreaterThan(RUNS);
    expect(met.failures).toBeGreaterThan(RUNS);
  }, 300_000);

  test('admits at once what it reports to remain, refuses the unit after, and spends nothing for a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
        async (setting, steps) => {
          const { offsets, policies, ...others } = setting;
          const fleet = new Fleet(PROCESSES, {
            ...others,
            maxKeys: 1000,
            clockOffset: (name) => offsets[Number(name.slice(7)) % 8] ?? 0,
          });
          const { simulation } = fleet;
          const answer = async (process: Process, charges: readonly Charge[]) => {
            const decision = process.engine.consume(charges);
            await simulation.advance(0);
            return decision;
          };
          await simulation.advance(10);
          for (const one of steps) {
            if (one.what === 'pass') await simulation.advance(one.milliseconds);
            if (one.what !== 'ask') continue;
            const process = fleet.processes[one.process] as Process;
            const charges = policies.map((policy, index) => chargeOf(index, policy, one.costs[index] ?? 1));
            const standing = async () => {
              const asked = charges.map((charge) => answer(process, [{ ...charge, cost: 0 }]));
              return (await Promise.all(asked)).map(({ results }) => results[0]?.remaining as number);
            };
            const before = await standing();
            const { allowed, results } = await answer(process, charges);
            const after = await standing();
            if (!allowed) expect(after).toEqual(before);
            else expect(after).toEqual(before.map((units, index) => units - (charges[index] as Charge).cost));
            const [first] = charges as [Charge];
            const [reported = 0] = results.map(({ remaining }) => remaining);
            expect(reported).toBeLessThanOrEqual(after[0] as number);
            if (reported > 0) {
              const rest = [{ ...first, cost: reported }];
              const all = await answer(process, rest);
              expect(all.allowed).toBe(true);
              await Promise.all([process.engine.refund(rest, all), simulation.advance(0)]);
            }
            expect((await answer(process, [{ ...first, cost: (after[0] as number) + 1 }])).allowed).toBe(false);
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 300_000);

  test('admits what it refused after the time that it told', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
        async (setting, steps) => {
          const { offsets, policies, ...others } = setting;
          const fleet = new Fleet(1, { ...others, maxKeys: 1000, clockOffset: () => offsets[0] ?? 0 });
          const { simulation } = fleet;
          const [process] = fleet.processes as [Process];
          await simulation.advance(10);
          for (const one of steps) {
            if (one.what === 'pass') await simulation.advance(one.milliseconds);
            if (one.what !== 'ask') continue;
            const charge = chargeOf(0, policies[0] as (typeof policies)[0], Math.max(1, one.costs[0] ?? 1));
            for (let time = 0; time < one.times; time++) {
              const decision = process.engine.consume([charge]);
              await simulation.advance(0);
              const { allowed, results } = await decision;
              if (allowed) continue;
              // Leases of a sliding window that were given back may make it earlier, never later.
              await simulation.advance(Math.ceil(results[0]?.resetMilliseconds ?? 0));
              const next = process.engine.consume([charge]);
              await simulation.advance(0);
              expect((await next).allowed).toBe(true);
              break;
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 300_000);
});
