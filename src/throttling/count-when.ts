/**
 * Which answers a policy counts:
 *
 * - `'refused'`: those with a status from 400 on, but for 502, 503 and 504, by which the server says that it could not
 *   serve. A fault (500) counts: nobody knows what the caller learned from it.
 * - a function of the status: what it answers with `false` is not counted. It must answer at once.
 */
export type CountWhen = 'refused' | ((status: number) => boolean);

/** Whether an answer counts. */
export type Counts = (status: number) => boolean;

const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

const refused: Counts = (status) => status >= 400 && !AWAY.has(status);

/** The rule of a policy's `countWhen`. */
export function countsOf(countWhen: CountWhen): Counts {
  return countWhen === 'refused' ? refused : countWhen;
}

/** For people, behind a rate. */
export function describeCountWhen(countWhen: CountWhen | undefined): string {
  if (countWhen === undefined) return '';
  return countWhen === 'refused' ? ', refused answers only' : ', by the answer';
}
