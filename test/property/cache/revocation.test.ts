import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { LookUps } from '../../../src/resource-server/cache/look-ups.js';
import { InvalidationMarks } from '../../../src/resource-server/cache/redis-marks.js';
import { RedisTokens } from '../../../src/resource-server/cache/redis-tokens.js';
import { ModelRedis } from '../../support/cache/model-redis.js';
import { SimulatedTime } from '../../support/cache/simulated-time.js';
import { run, someMoods, someSettings, someSteps } from './schedule.js';
import { met, type WorldSettings } from './world.js';

/** How many schedules are tried; more of them by `CACHE_MODEL_RUNS=20000`. */
const RUNS = Number(process.env.CACHE_MODEL_RUNS ?? 150);

/** The usual run tries the same schedules each time; a long one tries others. */
const SEED = process.env.CACHE_MODEL_RUNS === undefined ? { seed: 20_261_128 } : {};

/** Until a cache with a fault must have been found out. */
const RUNS_WITH_FAULT = 1_000;

afterEach(() => {
  SimulatedTime.uninstall();
  jest.restoreAllMocks();
});

const property = (level: WorldSettings['level']) =>
  fc.asyncProperty(someSettings(level), someMoods, someSteps, async (settings, moods, steps) => {
    expect(await run(settings, moods, steps)).toEqual([]);
  });

describe('three processes with a token cache', () => {
  test.each(['shared', 'local'] as const)(
    '[RS-16 §2.1] %s: nothing that was found before an invalidation is answered after it, whatever happens meanwhile',
    async (level) => {
      const before = { ...met };
      await fc.assert(property(level), { numRuns: RUNS, ...SEED });
      if (level === 'local') return;
      // Everything was met.
      for (const [name, count] of Object.entries(met)) {
        expect({ name, count: count - before[name as keyof typeof met] > RUNS / 3 }).toEqual({ name, count: true });
      }
    },
    RUNS * 1_000 + 60_000,
  );

  afterAll(() => {
    if (process.env.CACHE_MODEL_RUNS !== undefined) console.info(met);
  });
});

/** Replaces a method; what it stands for is what the cache would lack. */
function without<Of extends object>(of: Of, method: keyof Of & string, instead: (...values: never[]) => unknown): void {
  jest.spyOn(of as Record<string, () => unknown>, method).mockImplementation(instead as () => unknown);
}

describe('the model finds a cache', () => {
  test.each([
    ['whose invalidations do not reach look-ups', () => without(LookUps.prototype, 'overtake', () => {})],
    ['that keeps the answers of overtaken look-ups', () => without(LookUps.prototype, 'mayKeep', () => true)],
    ['that keeps the answers of look-ups from before a gap', () => without(LookUps.prototype, 'interrupt', () => {})],
    ['that does not heed marks', () => without(InvalidationMarks.prototype, 'isOvertaken', () => false)],
    ['that does not hear of marks', () => without(InvalidationMarks.prototype, 'hear', () => {})],
    ['that fills without a ticket', () => without(ModelRedis.prototype, 'holds', () => true)],
    ['that does not remove entries', () => without(RedisTokens.prototype, 'remove', async () => {})],
    ['that keeps nothing', () => without(LookUps.prototype, 'mayKeep', () => false)],
  ])(
    '%s',
    async (_what, breakIt) => {
      breakIt();
      const { failed, numRuns } = await fc.check(property('shared'), {
        numRuns: RUNS_WITH_FAULT,
        endOnFailure: true,
        ...SEED,
      });
      if (process.env.CACHE_MODEL_RUNS !== undefined) console.info(`${_what}: ${numRuns}`);
      expect(failed).toBe(true);
    },
    RUNS_WITH_FAULT * 1_000,
  );
});
