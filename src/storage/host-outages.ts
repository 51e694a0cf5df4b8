import { OAuth2Error, TemporarilyUnavailableError } from '../core/errors.js';
import { isPromiseLike } from '../core/promises.js';
import type { UserStore } from '../core/users.js';
import { clientKind } from './driver-errors/clients.js';
import { isAway, kindOfError, readError } from './driver-errors/index.js';

/** The properties in which clients keep the original error. */
const INNER = ['cause', 'nativeError', 'driverError', 'original', 'originalError', 'parent', 'reason'] as const;

/** Real chains of causes are shorter. */
const DEEPEST = 8;

/**
 * Converts an error of a host function that answers questions about users (its user store, its login): if it means that
 * a service is unavailable, it becomes a 503. A fault in the host's code is returned unchanged.
 *
 * @param what the function, for the log
 */
export function hostError(error: unknown, what: string): unknown {
  if (error instanceof OAuth2Error) return error;
  const outage = outageIn(error, DEEPEST);
  if (outage === undefined) return error;
  const read = readError(outage);
  const reason = read?.message || read?.code || String(outage);
  return new TemporarilyUnavailableError({ cause: error, part: what, detail: `${what} cannot answer: ${reason}` });
}

/** The error in a chain of causes that indicates an outage. Drivers wrap each other, and `fetch` wraps them. */
function outageIn(error: unknown, depth: number): unknown {
  if (typeof error !== 'object' || error === null || depth === 0) return undefined;
  if (error instanceof TemporarilyUnavailableError || isAway(kindOfError(error))) return error;
  if (clientKind(error) !== undefined) return error;
  const properties = error as { readonly [name: string]: unknown };
  const inner = INNER.map((name) => properties[name]);
  const { errors } = properties;
  for (const one of Array.isArray(errors) ? [...inner, ...errors] : inner) {
    const found = one === error ? undefined : outageIn(one, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const USER_STORE = 'The user store';

/** Throws the converted error of the user store. */
export function throwUserStoreError(error: unknown): never {
  throw hostError(error, USER_STORE);
}

/**
 * The same host function with outages converted to 503. It answers synchronously if the host does.
 *
 * @param what the function, for the log
 */
export function tellingOutages<This, Values extends unknown[], Answer>(
  what: string,
  work: (this: This, ...values: Values) => Answer,
): (this: This, ...values: Values) => Answer {
  const fail = (error: unknown): never => {
    throw hostError(error, what);
  };
  return function wrapped(this: This, ...values) {
    let answer: Answer;
    try {
      answer = work.apply(this, values);
    } catch (error) {
      return fail(error);
    }
    return isPromiseLike(answer) ? (answer.then(undefined, fail) as Answer) : answer;
  };
}

/** The same user store with outages converted to 503. */
export function userStoreTellingOutages(users: UserStore): UserStore {
  return {
    findById: tellingOutages(USER_STORE, users.findById.bind(users)),
    isActive: tellingOutages(USER_STORE, users.isActive.bind(users)),
    ...(users.idOf !== undefined && { idOf: users.idOf.bind(users) }),
    ...(users.ready !== undefined && { ready: users.ready.bind(users) }),
  };
}
