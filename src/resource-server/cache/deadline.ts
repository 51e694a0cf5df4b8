/** No answer arrived in time. */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError';
}

/**
 * The result of a promise, or a `DeadlineExceededError` after a time.
 *
 * After that time, answers that have already arrived are still processed: if this process itself was busy, the other
 * side was not late.
 */
export function withDeadline<Result>(promise: Promise<Result>, milliseconds: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new DeadlineExceededError(`no answer within ${milliseconds} milliseconds`));
    const timer = setTimeout(() => setImmediate(() => setImmediate(giveUp)), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Waits without keeping the process alive. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
