import { foreignUserOf } from '../../core/foreign-user.js';
import { after, nativePromise } from '../../core/promises.js';
import type { RegisteredUser } from '../../core/register.js';
import type { UserStore } from '../../core/users.js';
import {
  activeVerification,
  INVALID,
  type TokenDetails,
  type Verification,
  type VerifiedToken,
  verifiedToken,
} from '../../core/verified-token.js';
import { throwUserStoreError } from '../../storage/host-outages.js';
import { activeUser, ifActive } from '../active-user.js';
import { userIdOf } from '../user-reference.js';

/**
 * Finds the host's user that a token of a foreign issuer acts for: the host's own user object, or `undefined` if there is
 * none, and then the token is refused. Asked once per look-up, and never for a token of an application alone.
 */
export type MapUser<User = RegisteredUser> = (
  token: VerifiedToken,
) => User | null | undefined | PromiseLike<User | null | undefined>;

/**
 * The answer for a token that is valid for its issuer: active if its user may act, too.
 *
 * - A user of the host (`userId`) is loaded, and must be active.
 * - For a user of a foreign issuer `mapUser` may name one of the host, who must be active: the token then acts for that
 *   user, with their id, principal and quota. Without `mapUser` the user is a `ForeignUser`.
 * - An application alone has no user.
 *
 * @param keepMilliseconds see `ActiveVerification`
 * @throws TemporarilyUnavailableError (or rejects with one) if a service that the host needs is unavailable
 */
export function admit(
  details: TokenDetails,
  users: UserStore | undefined,
  mapUser?: MapUser | undefined,
  keepMilliseconds?: number | undefined,
): Verification | Promise<Verification> {
  const token = verifiedToken(details);
  if (token.userId !== undefined) return admitUser(token, users);
  if (token.principal.kind !== 'user') return activeVerification(token, undefined, keepMilliseconds);
  if (mapUser === undefined) return activeVerification(token, foreignUserOf(token), keepMilliseconds);
  return admitMapped(details, token, users, mapUser, keepMilliseconds);
}

function admitUser(token: VerifiedToken, users: UserStore | undefined): Verification | Promise<Verification> {
  return after(activeUser(users, token.userId as string), (user) =>
    user === undefined ? INVALID : activeVerification(token, user),
  );
}

function admitMapped(
  details: TokenDetails,
  token: VerifiedToken,
  users: UserStore | undefined,
  mapUser: MapUser,
  keepMilliseconds: number | undefined,
): Verification | Promise<Verification> {
  let mapped: unknown;
  try {
    mapped = nativePromise(mapUser(token));
  } catch (error) {
    throwUserStoreError(error);
  }
  const found = after(
    mapped,
    (user) => (users === undefined ? user || undefined : ifActive(users, user)),
    throwUserStoreError,
  );
  return after(found, (user) =>
    user === undefined
      ? INVALID
      : activeVerification(
          verifiedToken({ ...details, userId: userIdOf(user as object, users) }),
          user,
          keepMilliseconds,
        ),
  );
}
