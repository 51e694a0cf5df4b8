import { Durations } from './durations.js';
import {
  ACCESS_OUTCOMES,
  type AccessOutcome,
  LOOK_UP_LEVELS,
  LOOK_UP_RESULTS,
  type LookUpLevel,
  type LookUpResult,
} from './outcomes.js';
import { PolicyTallies } from './policy-tally.js';

type Counts<Name extends string> = Record<Name, number>;

/**
 * The counts of this process since it started. Plain numbers, increased where something happens and read by whoever
 * shows them, since that costs a request almost nothing.
 */
export class Statistics {
  /** The decisions of the guards. An action that asks about an entity (`checkObject`) makes another one. */
  readonly access: Counts<AccessOutcome> = zeros(ACCESS_OUTCOMES);
  /** Answers about tokens. Requests that wait for the same look-up count once. */
  readonly lookUps: Readonly<Record<LookUpLevel, Counts<LookUpResult>>> = {
    process: zeros(LOOK_UP_RESULTS),
    redis: zeros(LOOK_UP_RESULTS),
    verifier: zeros(LOOK_UP_RESULTS),
  };
  /** How long answers took that were not in the memory of the process. */
  readonly durations: Readonly<Record<Exclude<LookUpLevel, 'process'>, Durations>> = {
    redis: new Durations(),
    verifier: new Durations(),
  };
  readonly policies = new PolicyTallies();
  /** Access and refresh tokens that were revoked here by their owner (`revokeAllOf`). */
  tokensRevokedByOwner = 0;
}

function zeros<Name extends string>(names: readonly Name[]): Counts<Name> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Counts<Name>;
}

/** All levels with all results, in a fixed order. */
export const LOOK_UP_SERIES = LOOK_UP_LEVELS.flatMap((level) => LOOK_UP_RESULTS.map((result) => ({ level, result })));
