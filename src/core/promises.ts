/**
 * Goes on with an answer: at once if it is at hand, else when its promise is fulfilled. `failed` is for a promise that is
 * rejected; what `next` throws is the caller's.
 *
 * It stands where an `async` function would be shorter: `await` makes a promise and waits for a turn of the microtask
 * queue even for a value that is there already, and on a warm request every value is. What this costs is a closure,
 * since V8 keeps the variables that it captures in a context on the heap. Measured over the steps of a guard that answers
 * at once (a virtual machine with 2 cores, Node 20.20): 0.1 µs with each step written twice, once for a value and once
 * for a promise; 0.12 µs with `after`; 0.8 µs with `async`. A whole request takes about 32 µs.
 */
export function after<T, R>(
  answer: T | Promise<T>,
  next: (value: T) => R | Promise<R>,
  failed?: (error: unknown) => R | Promise<R>,
): R | Promise<R> {
  return answer instanceof Promise ? answer.then(next, failed) : next(answer);
}

/**
 * Whether an answer is still to come. A host may answer with the promise of another library or realm, or with a query
 * builder: they have `then` and are no instance of `Promise`. Taken for the answer itself, each would count as a yes.
 */
export function isPromiseLike<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null) return false;
  return typeof (answer as PromiseLike<T>).then === 'function';
}

/** The answer, or a `Promise` for it in place of whatever else has `then`, so that `instanceof` tells the two apart. */
export function nativePromise<T>(answer: T | PromiseLike<T>): T | Promise<T> {
  return answer instanceof Promise || !isPromiseLike(answer) ? answer : Promise.resolve(answer);
}
