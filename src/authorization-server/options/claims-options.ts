import {
  entriesOption,
  hostPath,
  knownOptions,
  listOption,
  optionPath,
  refuseOption,
} from '../../core/options/index.js';
import type { RegisteredUser, ScopeName } from '../../core/register.js';
import { isScopeName } from '../../core/scopes.js';
import { tellingOutages } from '../../storage/host-outages.js';
import { pathOf } from './option-checks.js';

/** The claims of a user by name, as the host provides them. */
export type UserClaims = Readonly<Record<string, unknown>>;

/**
 * Returns the claims of a user. Claims of scopes that were not granted are not released, so it may return all of them.
 *
 * @param scopes the granted scopes, for claims that are expensive to look up
 */
export type ClaimsOfUser<User = RegisteredUser> = (
  user: User,
  scopes: readonly string[],
) => UserClaims | PromiseLike<UserClaims>;

/** What applications learn about users, besides `sub`. */
export interface ClaimsOptions<User = RegisteredUser> {
  /** Returns the claims of a user. */
  readonly of: ClaimsOfUser<User>;
  /**
   * The claims of scopes, standard or your own: `{ profile: ['name', 'picture'], staff: ['department'] }`. An entry
   * replaces the standard list of its scope (OpenID Connect Core §5.4); other scopes keep theirs.
   */
  readonly scopes?: { readonly [Scope in ScopeName]?: readonly string[] } | undefined;
  /** The claims that are also in ID tokens, if their scope was granted. Default: none, so they are at userinfo only. */
  readonly idToken?: readonly string[] | undefined;
}

/** The checked options. */
export interface ClaimsSettings {
  readonly of: ClaimsOfUser;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  /** The scopes that the host has named here; each must exist. */
  readonly own: readonly string[];
  readonly idToken: ReadonlySet<string>;
}

/** The claims of the standard scopes (OpenID Connect Core §5.4); only for scopes that the host has described. */
const STANDARD_CLAIMS: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
    ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** Claims that only the server may set. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'azp', 'nonce', 'auth_time', 'acr', 'amr', 'sid', 'events'],
  ...['at_hash', 'c_hash', 's_hash', 'cnf', 'client_id', '_claim_names', '_claim_sources', '__proto__'],
]);

/** @throws ConfigurationError naming the invalid part */
export function readClaims(given: unknown): ClaimsSettings | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'function') {
    return { of: telling(given as ClaimsOfUser), scopes: STANDARD_CLAIMS, own: [], idToken: new Set() };
  }
  const path = pathOf('claims');
  const fix = 'give a function (user) => claims, or { of, scopes, idToken }';
  const options = knownOptions<ClaimsOptions>(path, given, ['of', 'scopes', 'idToken'], fix);
  if (typeof options.of !== 'function') {
    refuseOption(pathOf('claims.of'), options.of, 'give a function (user) => claims');
  }
  const own = entriesOption(pathOf('claims.scopes'), options.scopes ?? {}).map(([scope, names]) => {
    const where = hostPath(pathOf('claims.scopes'), scope);
    if (!isScopeName(scope)) refuseOption(where, names, 'its name must be a scope name (RFC 6749 §3.3)');
    return [scope, readNames(where, names)] as const;
  });
  const scopes = { ...STANDARD_CLAIMS, ...Object.fromEntries(own) };
  const idToken = new Set(readNames(pathOf('claims.idToken'), options.idToken ?? []));
  const known = new Set(Object.values(scopes).flat());
  [...idToken].forEach((name, index) => {
    if (known.has(name)) return;
    refuseOption(pathOf(`claims.idToken[${index}]`), name, 'no scope has this claim; name it in claims.scopes too');
  });
  return { of: telling(options.of.bind(given)), scopes, own: own.map(([scope]) => scope), idToken };
}

/** A service that the host's function needs may be unavailable: then the response is 503. */
function telling(of: ClaimsOfUser): ClaimsOfUser {
  return tellingOutages('authorizationServer.claims', of);
}

function readNames(path: string, given: unknown): readonly string[] {
  const names = listOption(path, given, "give a list of claims, e.g. ['name']");
  names.forEach((name, index) => {
    const where = optionPath(path, index);
    if (typeof name !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(name))
      refuseOption(where, name, 'give a name of a claim');
    if (RESERVED.has(name))
      refuseOption(where, name, 'the server itself sets this claim; leave it out', { near: [...RESERVED] });
  });
  return Object.freeze([...new Set(names as readonly string[])]);
}

/** The claims of the existing scopes, in oidc-provider's format. */
export function claimsByScope(
  claims: ClaimsSettings | undefined,
  scopes: ReadonlySet<string>,
): Record<string, readonly string[]> {
  const all = Object.entries(claims?.scopes ?? {}).filter(([scope]) => scopes.has(scope));
  const { openid = [], ...others } = Object.fromEntries(all);
  return { ...others, openid: ['sub', ...openid] };
}
