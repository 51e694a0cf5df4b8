import { OAuth2Error, TemporarilyUnavailableError } from '../core/errors.js';
import { isPromiseLike } from '../core/promises.js';
import type { UserStore } from '../core/users.js';
import { clientKind } from './driver-errors/clients.js';
import { isAway, kindOfError, readError } from './driver-errors/index.js';

/** Under these names clients keep the error that theirs was made of. */
const INNER = ['cause', 'nativeError', 'driverError', 'original', 'originalError', 'parent', 'reason'] as const;

/** No honest chain of causes is longer. */
const DEEPEST = 8;

/**
 * An error out of a part of the host's that answers questions about users (its store, its login), as callers meet it:
 * whatever says that something is away that the host needs becomes a 503. A fault in the host's code stays what it is.
 *
 * @param what the part, for the log
 */
export function hostError(error: unknown, what: string): unknown {
  if (error instanceof OAuth2Error) return error;
  const outage = outageIn(error, DEEPEST);
  if (outage === undefined) return error;
  const read = readError(outage);
  const reason = read?.message || read?.code || String(outage);
  return new TemporarilyUnavailableError({ cause: error, part: what, detail: `${what} cannot answer: ${reason}` });
}

/** The error in a chain of causes that says that something is away. Drivers wrap each other, and `fetch` wraps them. */
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

/** Throws an error of the user store, as callers meet it. */
export function throwUserStoreError(error: unknown): never {
  throw hostError(error, USER_STORE);
}

/**
 * The same function of the host's, whose outages are 503. It answers at once where the host does.
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
  return function told(this: This, ...values) {
    let answer: Answer;
    try {
      answer = work.apply(this, values);
    } catch (error) {
      return fail(error);
    }
    return isPromiseLike(answer) ? (answer.then(undefined, fail) as Answer) : answer;
  };
}

/** The same user store, likewise. */
export function userStoreTellingOutages(users: UserStore): UserStore {
  return {
    findById: tellingOutages(USER_STORE, users.findById.bind(users)),
    isActive: tellingOutages(USER_STORE, users.isActive.bind(users)),
    ...(users.idOf !== undefined && { idOf: users.idOf.bind(users) }),
  };
}
