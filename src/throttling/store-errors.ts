import { UndecidedError } from './undecided-error.js';

/**
 * The store cannot be asked at all now, e.g. because there is no connection: no other request needs to try.
 *
 * @example
 * ```ts
 * import { StoreAwayError, type ThrottleEngine } from 'routing-controllers-oauth2/throttling';
 *
 * // An engine that counts only while its store is connected.
 * export const connected = (engine: ThrottleEngine, isConnected: () => boolean): ThrottleEngine => ({
 *   consume(charges) {
 *     if (!isConnected()) throw new StoreAwayError('The store is not connected.');
 *     return engine.consume(charges);
 *   },
 *   refund: (charges, decision) => engine.refund(charges, decision),
 * });
 * ```
 */
export class StoreAwayError extends Error {
  /** `store_away` */
  static readonly code = 'store_away';
  /** `store_away` */
  readonly code = StoreAwayError.code;
  /** `StoreAwayError` */
  override readonly name = 'StoreAwayError';
}

/** The store was asked, and gave no answer while its caller was waiting. */
export class StoreLateError extends Error {
  static readonly code = 'store_late';
  readonly code = StoreLateError.code;
  override readonly name = 'StoreLateError';
}

/**
 * The store answers, but not about this counter, e.g. because another program wrote to its key.
 *
 * @example
 * ```ts
 * import { CounterError } from 'routing-controllers-oauth2/throttling';
 *
 * // Reads a counter in an engine of one's own.
 * export function countOf(key: string, stored: string): number {
 *   const count = Number(stored);
 *   if (!Number.isSafeInteger(count)) throw new CounterError(`${key} holds no count.`);
 *   return count;
 * }
 * ```
 */
export class CounterError extends Error {
  /** `counter_unusable` */
  static readonly code = 'counter_unusable';
  /** `counter_unusable` */
  readonly code = CounterError.code;
  /** `CounterError` */
  override readonly name = 'CounterError';
}

/** The code of an error that an engine throws for want of a decision, to `switch` on. */
export type StoreErrorCode = typeof StoreAwayError.code | typeof CounterError.code | typeof UndecidedError.code;

/**
 * The errors of Redis if it cannot serve anybody: it loads its data, accepts no writes, has no memory or disk space, or
 * refuses this client. Any other error concerns the command that it answers.
 */
const SERVER_REFUSES =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|OOM|NOAUTH|WRONGPASS|NOPERM|ERR max number of clients)\b/;

/** Whether an error is an answer of the store: a sign of life that concerns only its own request. */
export function isAnswer(error: unknown): boolean {
  if (error instanceof UndecidedError || error instanceof CounterError) return true;
  return error instanceof Error && error.name === 'ReplyError' && !SERVER_REFUSES.test(error.message);
}
