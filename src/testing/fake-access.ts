import { systemClock } from '../core/clock.js';
import { knownOptions } from '../core/options/index.js';
import type { RegisteredUser } from '../core/register.js';
import type { Authentication } from '../resource-server/authentication/authenticator.js';
import { toPermissions } from '../resource-server/permissions/expression.js';
import type { PermissionExpression } from '../resource-server/permissions/index.js';
import type { GuardedAction } from '../resource-server/permissions/permission.js';
import { Requirement } from '../resource-server/permissions/requirement.js';
import { type AccessGuard, RequestAccess } from '../resource-server/request-access.js';
import type { UserReference } from '../resource-server/user-reference.js';
import { nothingFound } from '../routing-controllers/nothing-found.js';
import { type CallerDetails, type CallerScopes, DETAIL_NAMES, TEST_CLIENT } from './caller.js';
import { fakeAuthentication } from './fake-authentication.js';
import { type FakeRequest, fakeContext } from './fake-context.js';

/** What a fake access object says; what is left out is not there. */
export interface FakeAccessOptions extends FakeRequest, CallerDetails {
  /** The host's user. */
  readonly user?: UserReference | undefined;
  /** The scopes of the token. A user without them has no token, as one who is known by a session. */
  readonly scopes?: CallerScopes | undefined;
  /** The caller's address. Default `192.0.2.1`. */
  readonly address?: string | undefined;
  /** The action, for `checkObject`. */
  readonly action?: GuardedAction | undefined;
  /** What `checkObject` asks about an entity. Default: nothing, so that every entity that was found is allowed. */
  readonly permissions?: readonly PermissionExpression[] | undefined;
}

const NAMES = [
  'user',
  'scopes',
  'address',
  'action',
  'permissions',
  'method',
  'path',
  'query',
  'headers',
  'params',
  ...DETAIL_NAMES,
] as const satisfies readonly (keyof FakeAccessOptions)[];

/**
 * Makes the access object of a request that nobody has sent, for unit tests: of permissions, of functions of throttles, and
 * of controllers that take `@Access()`. Nothing listens and nothing is stored.
 *
 * @param given who is to have made the request, and what it says. Without `user`, `client` and `scopes` it is nobody
 * @returns the access object, with a Koa context of its own
 * @throws ConfigurationError or TypeError if a scope or the user is none
 *
 * @example
 * ```ts
 * import type { Permission, RequestAccess } from 'routing-controllers-oauth2';
 * import { fakeAccess, fakeAction } from 'routing-controllers-oauth2/testing';
 *
 * interface User {
 *   readonly staff?: boolean;
 * }
 *
 * class IsStaff implements Permission {
 *   hasPermission({ user }: RequestAccess<User>): boolean {
 *     return user?.staff === true;
 *   }
 * }
 *
 * const isStaff = new IsStaff();
 * console.log(isStaff.hasPermission(fakeAccess({ user: { id: 'ann', staff: true } })));
 * console.log(isStaff.hasPermission(fakeAccess({ client: 'shop', scopes: ['books:read'] })));
 * console.log(fakeAction({ verb: 'POST', path: '/books' }).path);
 * ```
 */
export function fakeAccess<User = RegisteredUser>(given: FakeAccessOptions = {}): RequestAccess<User> {
  const of = knownOptions<FakeAccessOptions>('fakeAccess', given, NAMES);
  const { action = fakeAction(), permissions = [], address = '192.0.2.1' } = of;
  const requirement = new Requirement(action, toPermissions(permissions, 'fakeAccess permissions'));
  const guard: AccessGuard<unknown> = {
    address: () => `ip:${address}`,
    nowMilliseconds: () => systemClock.nowMilliseconds(),
    checkObject: async (access, _plan, object) => {
      if (object === undefined || object === null) throw nothingFound(access.context, action);
      await requirement.checkObject(access, object);
    },
    refused: (_access, _plan, error) => error as Error,
  };
  return new RequestAccess<User>(fakeContext(of), authenticationOf(of), guard, undefined);
}

/**
 * Makes the action that permissions are asked about.
 *
 * @param of what is known of it; the rest is that of `GET /`
 * @returns the action, frozen
 *
 * @example
 * ```ts
 * import { TokenHasScope } from 'routing-controllers-oauth2';
 * import { fakeAccess, fakeAction } from 'routing-controllers-oauth2/testing';
 *
 * const action = fakeAction({ requiredScopes: ['books:read'] });
 * console.log(new TokenHasScope().hasPermission(fakeAccess({ user: 'ann', scopes: ['books:read'] }), action));
 * ```
 */
export function fakeAction(of: Partial<GuardedAction> = {}): GuardedAction {
  return Object.freeze({
    controller: class FakeController {},
    method: 'action',
    verb: 'GET',
    path: '/',
    requiredScopes: undefined,
    readScope: 'read',
    writeScope: 'write',
    ...of,
  });
}

function authenticationOf(of: FakeAccessOptions): Authentication | undefined {
  const { user, client, scopes } = of;
  if (user === undefined && client === undefined && scopes === undefined) return undefined;
  const details = Object.fromEntries(DETAIL_NAMES.map((name) => [name, of[name]]));
  const known = user === undefined || typeof user === 'object' ? user : { id: String(user) };
  return fakeAuthentication('fakeAccess', user ?? { client: client ?? TEST_CLIENT }, scopes, details, {
    users: undefined,
    user: known,
    nowMilliseconds: systemClock.nowMilliseconds(),
    lifetimeSeconds: 3_600,
  });
}
