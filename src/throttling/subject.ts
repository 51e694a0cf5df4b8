import { sha256Key } from '../core/digest.js';
import { refuseOption } from '../core/options/index.js';
import type { Principal } from '../core/principal.js';
import type { RegisteredUser } from '../core/register.js';

/** Who a request is counted for. Rate, cost and key functions receive it. */
export interface ThrottleSubject<User = RegisteredUser> {
  /** Who makes the request. */
  readonly principal: Principal;
  /** The host's user, if the request is made on behalf of one: `access.user`. */
  readonly user?: User | undefined;
  /** The user on whose behalf the request is made, if any. */
  readonly userId?: string | undefined;
  /** The application that the token was issued to, also for a user's token; none for a session. */
  readonly clientId?: string | undefined;
  /** The key of the application, where it may be registered with a foreign issuer; default `client:` and `clientId`. */
  readonly clientKey?: string | undefined;
  /** SHA-256 of the access token, base64url; none for a session. */
  readonly tokenKey?: string | undefined;
  /**
   * The token from which the user, application and key were read, if there is one. It is the same object for as long as
   * the token is cached, so that what follows from it can be remembered with it.
   */
  readonly token?: object | undefined;
  /** The key of the address, e.g. `ip:203.0.113.5`, computed on demand. */
  readonly address: () => string;
  /** The request object of the framework. */
  readonly request: unknown;
}

/** The subjects that have a name. */
export type SubjectName = 'anon' | 'user' | 'client' | 'token';

/** A key of your own, e.g. the id of a tenant; `undefined` if the policy does not apply to this request. */
export type SubjectFunction<User = RegisteredUser> = (subject: ThrottleSubject<User>) => string | undefined;

/** Returns the key under which a policy counts a request; `undefined` if the policy does not apply to it. */
export type KeyOfSubject = (subject: ThrottleSubject) => string | undefined;

/** Longer keys are counted under their digest, so that no caller can make the store keep long keys. */
const MAXIMUM_KEY_LENGTH = 200;
/** Half of a surrogate pair: in UTF-8 all halves look the same. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const KEYS: Readonly<Record<SubjectName, KeyOfSubject>> = {
  anon: (subject) => (subject.principal.kind === 'anonymous' ? subject.address() : undefined),
  // The key of a user is the same for all tokens, so that a new token gives no new quota.
  user: (subject) => bounded(subject.principal.key ?? subject.address()),
  client: ({ clientKey, clientId, principal }) => {
    if (clientKey !== undefined) return bounded(clientKey);
    if (clientId !== undefined) return bounded(`client:${clientId}`);
    return principal.kind === 'application' ? bounded(principal.key) : undefined;
  },
  token: ({ tokenKey }) => (tokenKey === undefined ? undefined : bounded(`token:${tokenKey}`)),
};

/** The subjects whose key is the same for all requests with one token. */
export function isOfToken(subject: SubjectName | SubjectFunction): boolean {
  return isSubjectName(subject);
}

/** Whether a name is one of `anon`, `user`, `client`, `token`. */
export function isSubjectName(name: unknown): name is SubjectName {
  return typeof name === 'string' && Object.hasOwn(KEYS, name);
}

/**
 * The key function of a policy's `subject` option.
 *
 * @param path the option, for messages
 * @throws ConfigurationError if it is neither a known name nor a function
 */
export function keyOfSubject(subject: SubjectName | SubjectFunction, path: string): KeyOfSubject {
  if (isSubjectName(subject)) return KEYS[subject];
  if (typeof subject !== 'function') {
    refuseOption(path, subject, "use 'anon', 'user', 'client', 'token' or a function", { near: Object.keys(KEYS) });
  }
  return (request) => {
    const key: unknown = subject(request);
    if (key === undefined) return undefined;
    if (typeof key !== 'string' || key === '') {
      refuseOption(`${path}()`, key, 'return a non-empty string, or undefined');
    }
    const named = `custom:${key}`;
    return LONE_SURROGATE.test(named) ? digested(named) : bounded(named);
  };
}

function bounded(key: string): string {
  return key.length <= MAXIMUM_KEY_LENGTH ? key : digested(key);
}

function digested(key: string): string {
  // JSON escapes what UTF-8 cannot express, so that different keys have different digests.
  return `digest:${sha256Key(JSON.stringify(key))}`;
}
