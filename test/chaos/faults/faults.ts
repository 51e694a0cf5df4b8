import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from './fault.js';
import { THROTTLE_LIMIT } from './protocol.js';
import { type Outcome, type Pace, runFault } from './run-fault.js';
import { Stand, type StandOptions } from './stand.js';
import { table, writeTable } from './table.js';

/** `npm run chaos` lets faults last, and asserts how long a request may take. */
export const IS_LONG = process.env.CHAOS === 'long';

const WRITES = process.env.OUTCOMES === 'write';

const PACE: Pace = IS_LONG
  ? { before: 1_500, fault: 5_000, quiet: 1_500 }
  : { before: 500, fault: 1_500, quiet: undefined };

/** The deadline of a statement: that of the default, or a shorter one, so that the faults that last exceed it. */
export const DATABASE_DEADLINE_MILLISECONDS = IS_LONG ? 2_000 : 5_000;

/** What a request may take beyond that. */
const BEYOND_DEADLINE_MILLISECONDS = 1_000;

/** Tests of faults on one stand, one after the other; their outcomes go into a table of the guide for operators. */
export function describeFaults(
  name: string,
  mark: string,
  options: Omit<StandOptions, 'databaseDeadlineMilliseconds'>,
  faults: readonly Fault[],
): void {
  describe(name, () => {
    const outcomes: Outcome[] = [];
    let stand: Stand;
    beforeAll(async () => {
      stand = await Stand.start({ ...options, databaseDeadlineMilliseconds: DATABASE_DEADLINE_MILLISECONDS });
    }, 300_000);
    afterAll(async () => {
      await stand?.stop();
      if (outcomes.length > 0) process.stdout.write(`${table(outcomes)}\n`);
      if (WRITES) await writeTable(mark, outcomes);
    }, 120_000);

    test.each(faults)(
      '[RS-16, TH-50, ALL-64] while $name, nothing is admitted that must not be, every failure is a 503, and nothing acknowledged is lost',
      async (fault) => {
        const outcome = await runFault(stand, fault, PACE);
        outcomes.push(outcome);
        const { findings, exceeded, losses } = outcome;
        const { wronglyAdmitted, wronglyRefused, otherErrors, lostWrites } = findings;
        expect({ wronglyAdmitted, wronglyRefused, otherErrors, lostWrites }).toEqual({
          wronglyAdmitted: [],
          wronglyRefused: [],
          otherErrors: [],
          lostWrites: [],
        });
        expect(exceeded).toBeLessThanOrEqual(losses * THROTTLE_LIMIT);
        if (IS_LONG) {
          const { milliseconds, what } = findings.longest;
          const limit = DATABASE_DEADLINE_MILLISECONDS + BEYOND_DEADLINE_MILLISECONDS;
          expect({ what, isLonger: milliseconds > limit, milliseconds }).toMatchObject({ isLonger: false });
        }
      },
      240_000,
    );
  });
}
