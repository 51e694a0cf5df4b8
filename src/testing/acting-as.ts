import { ConfigurationError } from '../core/errors.js';
import type { OAuth2 } from '../oauth2.js';
import { BearerAuthenticator } from '../resource-server/authentication/bearer.js';
import { ActingVerifier } from './acting-verifier.js';
import { type Caller, type CallerDetails, type CallerScopes, isClient, tokenOf } from './caller.js';
import { requireTests } from './only-in-tests.js';

/** The header fields of a request, to be passed to `fetch`, or to `.set()` of supertest. */
export interface TestHeaders {
  /** The token, or whom the test acts as. */
  readonly authorization: string;
  // As what takes header fields declares them.
  readonly [name: string]: string;
}

const verifiers = new WeakMap<OAuth2, ActingVerifier>();

/**
 * Lets a test act as somebody at an instance that exists, e.g. the one that the application under test has made. Only
 * authentication is replaced: the guard does everything else, so scopes, permissions and throttles apply.
 *
 * The token is known in the memory of this process alone; nothing is stored. A user object is taken as it is; an id is looked
 * up in the option `users` at each request, and refused if there is no such active user.
 *
 * @param oauth2 the instance, of which `authenticators` has `bearer()`
 * @param caller a user (the id, or the host's user object), or an application alone: `{ client: 'shop' }`
 * @param scopes the scopes of the token; default none
 * @param details what else it says
 * @returns header fields for the request
 * @throws ConfigurationError outside tests: if NODE_ENV is `production`, or nothing says that tests are run
 *
 * @example
 * ```ts
 * import type { OAuth2 } from 'routing-controllers-oauth2';
 * import { actingAs } from 'routing-controllers-oauth2/testing';
 *
 * // `url` is where the application under test listens.
 * export async function annMayRead(oauth2: OAuth2, url: string): Promise<boolean> {
 *   const headers = actingAs(oauth2, { id: 'ann' }, ['books:read'], { acr: 'urn:example:otp' });
 *   return (await fetch(`${url}/books`, { headers })).ok;
 * }
 * ```
 */
export function actingAs(
  oauth2: OAuth2,
  caller: Caller,
  scopes: CallerScopes = [],
  details: CallerDetails = {},
): TestHeaders {
  requireTests('actingAs');
  const verifier = verifierOf(oauth2);
  const { users, basis, verification } = oauth2.parts;
  const surroundings = {
    users,
    nowMilliseconds: verification.clock.nowMilliseconds(),
    lifetimeSeconds: basis.accessTokenLifetimeSeconds,
  };
  const token = verifier.add((value) => ({
    details: tokenOf('actingAs', value, caller, scopes, details, surroundings),
    user: typeof caller === 'object' && !isClient(caller) ? caller : undefined,
  }));
  return { authorization: `Bearer ${token}` };
}

/** The verifier of an instance; made and put first in its chain when it is first needed. */
function verifierOf(oauth2: OAuth2): ActingVerifier {
  const known = verifiers.get(oauth2);
  if (known !== undefined) return known;
  const { users, basis, verification, authenticators } = oauth2.parts;
  if (!authenticators.authenticators.some((one) => one instanceof BearerAuthenticator)) {
    throw new ConfigurationError('actingAs needs bearer() among the authenticators, since it acts by a token.');
  }
  const made = new ActingVerifier({ users, clock: verification.clock, logger: basis.logger });
  verification.verifiers.prepend(made);
  verifiers.set(oauth2, made);
  return made;
}
