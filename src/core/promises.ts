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
