/**
 * Continues with a value, synchronously if it is known already, otherwise when its promise is fulfilled. `failed`
 * handles a rejected promise; what `next` throws reaches the caller.
 *
 * An `async` function would be shorter, but `await` creates a promise and waits for the microtask queue even if the
 * value is known, and on a warm request every value is. `after` costs a closure, because V8 keeps captured variables in
 * a context on the heap. Measured over the steps of a guard that answers synchronously (a virtual machine with 2 cores,
 * Node 20.20): 0.1 µs with each step written twice, once for a value and once for a promise; 0.12 µs with `after`; 0.8
 * µs with `async`. A whole request takes about 32 µs.
 */
export function after<T, R>(
  answer: T | Promise<T>,
  next: (value: T) => R | Promise<R>,
  failed?: (error: unknown) => R | Promise<R>,
): R | Promise<R> {
  return answer instanceof Promise ? answer.then(next, failed) : next(answer);
}

/**
 * Whether a value is a promise. The host may return a promise of another library or realm, or a query builder: those
 * have `then` but are not instances of `Promise`. Treated as a value, each of them would be truthy.
 */
export function isPromiseLike<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  if ((typeof answer !== 'object' && typeof answer !== 'function') || answer === null) return false;
  return typeof (answer as PromiseLike<T>).then === 'function';
}

/**
 * The value, or a native `Promise` in place of any other object with `then`, so that `instanceof` can tell them apart.
 */
export function nativePromise<T>(answer: T | PromiseLike<T>): T | Promise<T> {
  return answer instanceof Promise || !isPromiseLike(answer) ? answer : Promise.resolve(answer);
}
