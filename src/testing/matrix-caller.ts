import { ConfigurationError } from '../core/errors.js';
import { listOption, optionPath } from '../core/options/index.js';
import type { OAuth2 } from '../oauth2.js';
import { activeUser } from '../resource-server/active-user.js';
import type { Authentication } from '../resource-server/authentication/authenticator.js';
import { userIdOf } from '../resource-server/user-reference.js';
import { type Caller, type CallerDetails, type CallerScopes, isClient } from './caller.js';
import { fakeAuthentication } from './fake-authentication.js';
import { MemoryUsers } from './memory-users.js';

/** Who makes the requests of a matrix: nobody (`undefined`), or caller, scopes and details as `t.as` takes them. */
export type MatrixCaller =
  | undefined
  | readonly [caller: Caller, scopes?: CallerScopes | undefined, details?: CallerDetails | undefined];

/** @throws ConfigurationError (rejects) if it is no caller, or the option `users` does not know the user */
export async function matrixAuthentication(
  oauth2: OAuth2,
  name: string,
  given: MatrixCaller,
): Promise<Authentication | undefined> {
  if (given === undefined) return undefined;
  const path = optionPath('accessMatrix', name);
  const list = listOption(path, given, "give undefined for nobody, or a list such as ['ann', ['books:read']]");
  const [caller, scopes, details = {}] = list as readonly [Caller, CallerScopes?, CallerDetails?];
  const { users, verification, basis } = oauth2.parts;
  return fakeAuthentication(path, caller, scopes, details, {
    users,
    user: isClient(caller) || details.issuer !== undefined ? undefined : await userOf(path, caller, users),
    nowMilliseconds: verification.clock.nowMilliseconds(),
    lifetimeSeconds: basis.accessTokenLifetimeSeconds,
  });
}

async function userOf(
  path: string,
  caller: Exclude<Caller, { readonly client: string }>,
  users: OAuth2['parts']['users'],
): Promise<unknown> {
  if (typeof caller === 'object') return caller;
  const id = userIdOf(caller, users);
  const found = users instanceof MemoryUsers ? (users.findById(id) ?? { id }) : await activeUser(users, id);
  if (found !== undefined) return found;
  throw new ConfigurationError(`${path}: the option users has no active user ${JSON.stringify(id)}.`);
}
