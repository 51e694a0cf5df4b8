import type { Answer } from '../asking.js';
import type { Pair } from './pair.js';

/** Plays all rounds; a round says what was wrong with it. */
export type Rounds = (play: (round: number) => Promise<string | undefined>) => Promise<string[]>;

/** Two things at two processes at the same moment: whichever comes first, the outcome is one of those that are stated. */
export interface Race {
  /** Of the test. */
  readonly title: string;
  /** Says of which rounds something was wrong. */
  run(pair: Pair, rounds: Rounds): Promise<string[]>;
}

export function told({ status, body }: Answer): string {
  return `${status} ${body.error ?? ''}`.trim();
}

/** The first answer that says neither yes nor no. */
export function oddOne(answers: readonly Answer[]): Answer | undefined {
  return answers.find(({ status }) => status !== 200 && status !== 401);
}
