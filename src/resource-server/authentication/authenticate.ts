import type { Context } from 'koa';
import { nativePromise } from '../../core/promises.js';
import type { Authentication, Authenticator } from './authenticator.js';
import { addVary } from './vary.js';

/** Asks authenticators in their order. */
export type Authenticate = (context: Context) => Authentication | undefined | Promise<Authentication | undefined>;

/**
 * One function out of several authenticators: the first that knows the caller answers, and a refusal is final. What a
 * caller sends on purpose is asked for before what a browser sends by itself.
 */
export function authenticateWith(authenticators: readonly Authenticator[]): Authenticate {
  const ordered = inOrder(authenticators);
  // What the answer depends on once an authenticator was asked: its fields, and those of all before it.
  const vary = ordered.map((_one, index) => fieldsRead(ordered.slice(0, index + 1)));
  const [only] = ordered;
  const [fields = ''] = vary;
  if (only !== undefined && ordered.length === 1) {
    return (context) => {
      if (fields !== '') addVary(context.res, fields);
      return nativePromise(only.authenticate(context));
    };
  }

  function from(index: number, context: Context): ReturnType<Authenticate> {
    for (let next = index; next < ordered.length; next += 1) {
      if (vary[next] !== '') addVary(context.res, vary[next] as string);
      const answer = nativePromise((ordered[next] as Authenticator).authenticate(context));
      if (answer instanceof Promise) return answer.then((found) => found ?? from(next + 1, context));
      if (answer !== undefined && answer !== null) return answer;
    }
    return undefined;
  }
  return (context) => from(0, context);
}

/** The request fields that some authenticators read, as they stand in `Vary`; empty if none says so. */
export function fieldsRead(authenticators: readonly Authenticator[]): string {
  return [...new Set(inOrder(authenticators).flatMap((one) => one.reads ?? []))].join(', ');
}

function inOrder(authenticators: readonly Authenticator[]): readonly Authenticator[] {
  return [...authenticators.filter((one) => !one.ambient), ...authenticators.filter((one) => one.ambient)];
}
