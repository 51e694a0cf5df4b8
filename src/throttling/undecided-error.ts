/**
 * The store answers, but cannot decide on these charges: it lost its counters for a window that may still be open. The
 * throttle treats them as if the store were unavailable, and continues to ask it for others.
 *
 * @example
 * ```ts
 * import { type ThrottleEngine, UndecidedError } from 'routing-controllers-oauth2/throttling';
 *
 * // An engine that decides nothing before all windows of its last life are over.
 * export const after = (engine: ThrottleEngine, startsAt: number): ThrottleEngine => ({
 *   consume(charges) {
 *     const milliseconds = startsAt - Date.now();
 *     if (milliseconds > 0) throw new UndecidedError(milliseconds);
 *     return engine.consume(charges);
 *   },
 *   refund: (charges, decision) => engine.refund(charges, decision),
 * });
 * ```
 */
export class UndecidedError extends Error {
  /** `undecided` */
  static readonly code = 'undecided';
  /** `UndecidedError` */
  override readonly name = 'UndecidedError';
  /** `undecided` */
  readonly code = UndecidedError.code;
  /** In how many milliseconds the store can decide. */
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`The ledger lost its counters; it can decide in ${Math.ceil(milliseconds)} ms.`);
    this.milliseconds = milliseconds;
  }
}
