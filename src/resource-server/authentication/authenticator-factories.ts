import {
  flagOption,
  knownOptions,
  listOption,
  objectWith,
  optionPath,
  refuseOption,
} from '../../core/options/index.js';
import type { Authenticator } from './authenticator.js';
import type { BearerTokenLocations } from './bearer-token.js';
import { readSessionOptions, type SessionOptions } from './session.js';

/** Creates an authenticator from parts of the package; `bearer()` and `session()` return such functions. */
export type AuthenticatorFactory = {
  /** Which authenticator it is. */
  readonly [AUTHENTICATOR]: 'bearer' | 'session';
  /** The options that it was given, checked. */
  readonly options: object;
};
export const AUTHENTICATOR = Symbol('authenticator');

/**
 * Reads bearer tokens (RFC 6750): from the header, and from form bodies and the query where that is turned on.
 *
 * @param options whether tokens are also read from form bodies (RFC 6750 §2.2) and the query (§2.3); by default neither
 * @returns an entry for the option `authenticators`
 * @throws ConfigurationError if an option is unknown or not a boolean
 *
 * @example
 * ```ts
 * import { bearer, createOAuth2 } from 'routing-controllers-oauth2';
 *
 * export const oauth2 = createOAuth2({
 *   database: ':memory:',
 *   // Also in form bodies (RFC 6750 §2.2), never in the query.
 *   authenticators: [bearer({ body: true })],
 * });
 * ```
 */
export function bearer(options: BearerTokenLocations = {}): AuthenticatorFactory {
  const read = knownOptions<BearerTokenLocations>('bearer', options, ['body', 'query'], 'give an object');
  for (const name of ['body', 'query'] as const) {
    if (read[name] !== undefined) flagOption(optionPath('bearer', name), read[name]);
  }
  return { [AUTHENTICATOR]: 'bearer', options: read };
}

/**
 * Authenticates users by their session, with a CSRF check for methods that change something.
 *
 * @param options where the id of the user and the CSRF token are; by default in `context.session`
 * @returns an entry for the option `authenticators`
 * @throws ConfigurationError if an option is unknown or has the wrong type
 *
 * @example
 * ```ts
 * import { bearer, createOAuth2, session, type UserStore } from 'routing-controllers-oauth2';
 *
 * export const configured = (users: UserStore) =>
 *   createOAuth2({ database: ':memory:', users, authenticators: [bearer(), session({ csrfHeader: 'X-CSRF-Token' })] });
 * ```
 */
export function session(options: SessionOptions = {}): AuthenticatorFactory {
  return { [AUTHENTICATOR]: 'session', options: readSessionOptions(options) };
}

/** Whether an entry of `authenticators` is a factory of this package. */
export function isFactory(value: AuthenticatorFactory | Authenticator): value is AuthenticatorFactory {
  return AUTHENTICATOR in value;
}

/** @throws ConfigurationError if it is not a list of authenticators, or one needs a user store and there is none */
export function checkAuthenticators(given: unknown, users: unknown): void {
  const list = listOption('authenticators', given, 'give a list such as [bearer()]');
  if (list.length === 0) refuseOption('authenticators', list, 'give a list such as [bearer()]');
  list.forEach((one, index) => {
    const path = optionPath('authenticators', index);
    const made = typeof one === 'object' && one !== null && AUTHENTICATOR in one ? one[AUTHENTICATOR] : undefined;
    if (made === undefined)
      objectWith(path, one, ['authenticate'], 'give bearer(), session() or an object with authenticate(context)');
    if (made === 'session' && users === undefined)
      refuseOption(path, one, 'a session names a user, so the option users is needed');
  });
}
