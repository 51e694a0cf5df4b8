import { UndecidedError } from './undecided-error.js';

/** The store as a whole cannot be asked now, e.g. since there is no connection: nobody needs to try for himself. */
export class StoreAwayError extends Error {
  override readonly name = 'StoreAwayError';
}

/** The store was asked and gave no answer while somebody waited for it. */
export class StoreLateError extends Error {
  override readonly name = 'StoreLateError';
}

/** The store has an answer, but not about this counter, e.g. since somebody else wrote to its key. */
export class CounterError extends Error {
  override readonly name = 'CounterError';
}

/**
 * What Redis answers when it can answer nothing: it loads its data, takes no writes, has no memory or no place, or
 * refuses this client. Any other error that it answers is about the command that it answers.
 */
const SERVER_REFUSES =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|NOREPLICAS|MISCONF|OOM|NOAUTH|WRONGPASS|NOPERM|ERR max number of clients)\b/;

/** Whether an error is itself an answer of the store: a sign of life, that decides nobody else's request. */
export function isAnswer(error: unknown): boolean {
  if (error instanceof UndecidedError || error instanceof CounterError) return true;
  return error instanceof Error && error.name === 'ReplyError' && !SERVER_REFUSES.test(error.message);
}
