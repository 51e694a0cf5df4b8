/**
 * How a policy counts over time. Both algorithms count admissions; a refused request leaves no trace.
 *
 * - `fixed-window`: a window begins with the first request of a key and lasts its whole length; at most `limit` in each.
 *   Two windows may touch, so that any span of the window's length sees at most 2 x `limit`.
 * - `sliding-window`: at most `limit` in any span of the window's length, wherever it begins, as the throttles of Django
 *   REST Framework (DRF) do: with 3/min and calls at 0, 20 and 40 s, the next one fits at 60 s.
 */
export type ThrottleAlgorithm = 'fixed-window' | 'sliding-window';

export const ALGORITHMS: readonly ThrottleAlgorithm[] = ['fixed-window', 'sliding-window'];

/** Whether a charge is counted in a sliding window. */
export function slides(charge: { readonly algorithm?: ThrottleAlgorithm | undefined }): boolean {
  return charge.algorithm === 'sliding-window';
}
