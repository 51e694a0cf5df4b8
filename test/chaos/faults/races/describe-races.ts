import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChaosDatabase } from '../databases/database.js';
import { IS_LONG } from '../form.js';
import { ONE_USE } from './one-use.js';
import { Pair } from './pair.js';
import { REVOCATIONS } from './revocations.js';
import { ROTATIONS } from './rotations.js';
import { wrongRounds } from './rounds.js';

const TIMEOUT_MILLISECONDS = IS_LONG ? 900_000 : 240_000;

export interface RacesOptions {
  readonly database: () => Promise<ChaosDatabase>;
  /** Of each race in CI; `npm run chaos` plays a thousand. */
  readonly roundsInCi: number;
}

/** Tests of all races between two processes on one database. */
export function describeRaces(name: string, { database, roundsInCi }: RacesOptions): void {
  const rounds = IS_LONG ? 1_000 : roundsInCi;
  describe(name, () => {
    let pair: Pair;
    beforeAll(async () => {
      pair = await Pair.start(database);
    }, 300_000);
    afterAll(() => pair?.stand.stop(), 120_000);

    test.each([...REVOCATIONS, ...ONE_USE, ...ROTATIONS])(
      '$title',
      async ({ run }) => {
        expect(await run(pair, (play) => wrongRounds(rounds, play))).toEqual([]);
      },
      TIMEOUT_MILLISECONDS,
    );
  });
}
