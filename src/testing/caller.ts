import { sha256Key } from '../core/digest.js';
import { knownOptions, numberOption, optionPath, refuseOption } from '../core/options/index.js';
import type { ScopeName } from '../core/register.js';
import { declaredScopes } from '../core/scopes.js';
import type { UserStore } from '../core/users.js';
import type { TokenDetails } from '../core/verified-token.js';
import { type UserReference, userIdOf } from '../resource-server/user-reference.js';

/** An application alone, without a user, as with client credentials. */
export interface ClientCaller {
  /** The client identifier. */
  readonly client: string;
}

/** Who makes a request: a user (the id, or the host's user object), or an application alone (`{ client: 'shop' }`). */
export type Caller = UserReference | ClientCaller;

/** A scope, or a list of scopes. Without `Register` also a `scope` value: `'books:read books:write'`. */
export type CallerScopes = ScopeName | readonly ScopeName[];

/** What a token says beside whom it acts for and its scopes. */
export interface CallerDetails {
  /** The application that the token was issued to. Default `test-client`; for an application alone it is that one. */
  readonly client?: string | undefined;
  /** The authentication context of the user (`acr`, RFC 9470). Default: none. */
  readonly acr?: string | undefined;
  /** How many seconds ago the user was authenticated (`auth_time`). Default 0. */
  readonly authenticatedSecondsAgo?: number | undefined;
  /** For which resources the token is (RFC 8707). Default: the option `resource`; none in memory. */
  readonly audience?: readonly string[] | undefined;
  /** For how many seconds the token is valid; negative: it has expired already. Default `accessTokenLifetimeSeconds`. */
  readonly lifetimeSeconds?: number | undefined;
  /** The foreign issuer of the token; the user is then the `sub` there, and a `ForeignUser`. Default: none. */
  readonly issuer?: string | undefined;
  /** The authentication methods (`amr`, RFC 8176). Default: none. */
  readonly amr?: readonly string[] | undefined;
  /** All claims of the token, as `token.claims` gives them. Default: none. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** The application that tokens of tests are issued to. */
export const TEST_CLIENT = 'test-client';

export const DETAIL_NAMES = [
  'client',
  'acr',
  'authenticatedSecondsAgo',
  'audience',
  'lifetimeSeconds',
  'issuer',
  'amr',
  'claims',
] as const satisfies readonly (keyof CallerDetails)[];

/** @throws ConfigurationError if a detail is not known, or a time no number */
export function readDetails(path: string, details: CallerDetails): CallerDetails {
  const read = knownOptions<CallerDetails>(path, details, DETAIL_NAMES);
  const range = { least: Number.MIN_SAFE_INTEGER };
  for (const name of ['authenticatedSecondsAgo', 'lifetimeSeconds'] as const) {
    if (read[name] !== undefined) numberOption(optionPath(path, name), read[name], range);
  }
  return read;
}

/** Whether a caller is an application alone: an object that names a client, and nothing else. */
export function isClient(caller: unknown): caller is ClientCaller {
  if (typeof caller !== 'object' || caller === null) return false;
  const names = Object.keys(caller);
  return names.length === 1 && names[0] === 'client' && typeof (caller as ClientCaller).client === 'string';
}

/** How a caller is called in messages: `user ann`, `application shop`. */
export function callerName(caller: Caller, users: UserStore | undefined): string {
  return isClient(caller) ? `application ${caller.client}` : `user ${userIdOf(caller, users)}`;
}

/** What is known of the surroundings of a token. */
export interface Surroundings {
  readonly users: UserStore | undefined;
  readonly nowMilliseconds: number;
  readonly lifetimeSeconds: number;
}

/**
 * What a verifier would find in the token of a caller.
 *
 * @param path the function that was called, for messages
 * @throws ConfigurationError or TypeError if the caller, a scope or a detail is none
 */
export function tokenOf(
  path: string,
  token: string,
  caller: Caller,
  scopes: CallerScopes,
  details: CallerDetails,
  { users, nowMilliseconds, lifetimeSeconds }: Surroundings,
): TokenDetails {
  const { issuer, acr, amr, claims, ...given } = readDetails(path, details);
  if (caller === undefined || caller === null) refuseOption(path, caller, "name a user, or { client: 'shop' }");
  const user = isClient(caller) ? undefined : userIdOf(caller, users);
  const clientId = isClient(caller) ? caller.client : (given.client ?? TEST_CLIENT);
  return {
    key: sha256Key(token),
    issuer,
    ...(issuer === undefined ? { userId: user } : { subject: user }),
    clientId,
    applicationName: clientId,
    scopes: declaredScopes(
      [scopes].flat().filter((scope) => scope !== ''),
      `${path} scopes`,
    ),
    audience: given.audience,
    acr,
    amr,
    claims,
    authenticatedAtMilliseconds:
      user === undefined ? undefined : nowMilliseconds - (given.authenticatedSecondsAgo ?? 0) * 1_000,
    issuedAtMilliseconds: nowMilliseconds,
    expiresAtMilliseconds: nowMilliseconds + (given.lifetimeSeconds ?? lifetimeSeconds) * 1_000,
  };
}
