/** An answer did not come in time. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
}

/**
 * The result of a promise, or a `DeadlineExceededError` after a time.
 *
 * When the time is over, answers that have arrived are still read: a process that was busy itself must not take its
 * own delay for the other side's.
 */
export function withDeadline<Result>(promise: Promise<Result>, milliseconds: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DeadlineExceededError(`no answer within ${milliseconds} milliseconds`));
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits, without keeping the process alive. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
