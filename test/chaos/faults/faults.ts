import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault } from './fault.js';
import { IS_LONG } from './form.js';
import { DATABASE_DEADLINE_MILLISECONDS, THROTTLE_LIMIT } from './protocol.js';
import { type Outcome, type Pace, runFault } from './run-fault.js';
import { Stand, type StandOptions } from './stand.js';
import { table, writeTable } from './table.js';

const WRITES = process.env.OUTCOMES === 'write';

const PACE: Pace = IS_LONG
  ? { before: 1_500, fault: 5_000, quiet: 1_500 }
  : { before: 500, fault: 1_500, quiet: undefined };

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
      '[RS-16, TH-50, ALL-64] while $name, nothing is admitted that must not be, every failure is a timely 503, nothing acknowledged is lost, and it is over soon after',
      async (fault) => {
        const outcome = await runFault(stand, fault, PACE);
        outcomes.push(outcome);
        const { findings, exceeded, losses } = outcome;
        const { wronglyAdmitted, wronglyRefused, otherErrors, lostWrites, tooLong } = findings;
        expect({ wronglyAdmitted, wronglyRefused, otherErrors, lostWrites, tooLong }).toEqual({
          wronglyAdmitted: [],
          wronglyRefused: [],
          otherErrors: [],
          lostWrites: [],
          tooLong: [],
        });
        expect(exceeded).toBeLessThanOrEqual(losses * THROTTLE_LIMIT);
      },
      240_000,
    );
  });
}
