import type { CompiledThrottle, ThrottleOutcome } from './compiled-throttle.js';
import type { InlinePolicy } from './policy.js';
import type { ThrottleSubject } from './subject.js';
import type { Throttle } from './throttle.js';

/** Counts one request under a key, and decides on it. */
export type KeyedThrottle = (key: string) => ThrottleOutcome | Promise<ThrottleOutcome>;

/** How many keys are remembered before all are forgotten. */
const CAPACITY = 1000;

/**
 * Creates a throttle for requests whose key is chosen by the caller of the throttle, e.g. the key of an address.
 *
 * @param where names the option, for messages
 * @param throttle counts the requests
 * @returns a function that counts a request under a key; its `retryAfterSeconds` are whole seconds, 0 if it is
 *   allowed
 * @throws ConfigurationError if the rate is not valid
 *
 * @example
 * ```ts
 * import { createThrottle, keyedThrottle } from 'routing-controllers-oauth2/throttling';
 *
 * const mails = keyedThrottle(createThrottle({}), { name: 'mails', rate: '10/hour' }, 'mails');
 *
 * export async function mayMail(recipient: string): Promise<boolean> {
 *   return (await mails(recipient)).allowed;
 * }
 * ```
 */
export function keyedThrottle(
  throttle: Throttle,
  { name, rate }: Pick<InlinePolicy, 'name' | 'rate'>,
  where: string,
): KeyedThrottle {
  const compiled: CompiledThrottle = throttle.compile([{ name, rate, subject: 'user' }], where);
  const subjects = new Map<string, ThrottleSubject>();
  return (key) => {
    let subject = subjects.get(key);
    if (subject === undefined) {
      if (subjects.size >= CAPACITY) subjects.clear();
      subject = subjectOf(key);
      subjects.set(key, subject);
    }
    return compiled.decide(subject);
  };
}

/** The key is used in place of a user. There is one object per key, so that its charges are remembered with it. */
function subjectOf(key: string): ThrottleSubject {
  return { principal: { kind: 'token', id: key, key }, token: { key }, address: () => key, request: undefined };
}
