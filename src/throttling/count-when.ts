/**
 * Which answers a policy counts:
 *
 * - `'refused'`: those with a status of 400 or higher, except 502, 503 and 504, which say that the server could not serve.
 *   A fault (500) counts, because the caller may have learned something from it.
 * - a function of the status: an answer for which it returns `false` is not counted. It must be synchronous.
 */
export type CountWhen = 'refused' | ((status: number) => boolean);

/** Whether a response counts. */
export type Counts = (status: number) => boolean;

const AWAY: ReadonlySet<number> = new Set([502, 503, 504]);

const refused: Counts = (status) => status >= 400 && !AWAY.has(status);

/** The rule of a policy's `countWhen`. */
export function countsOf(countWhen: CountWhen): Counts {
  return countWhen === 'refused' ? refused : countWhen;
}

/** A description to be shown after a rate. */
export function describeCountWhen(countWhen: CountWhen | undefined): string {
  if (countWhen === undefined) return '';
  return countWhen === 'refused' ? ', refused answers only' : ', by the answer';
}
