import type { Account } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import type { UserStore } from '../../../core/users.js';
import type { ClaimsSettings } from '../../options/claims-options.js';
import { asOutage } from '../outage.js';

/**
 * The account of a user who may act now. A user who was disabled or deleted has none, and so gets nothing.
 *
 * @param users without it every id is a user
 */
export async function findAccount(
  users: UserStore | undefined,
  userId: string,
  claims: ClaimsSettings | undefined,
): Promise<Account | undefined> {
  if (users === undefined) return { accountId: userId, claims: () => ({ sub: userId }) };
  const user = await users.findById(userId);
  if (user === undefined || user === null || (await users.isActive(user)) !== true) return undefined;
  return {
    accountId: userId,
    claims: asOutage(async (use: string, scope: string) => {
      // Nobody is asked for claims that no ID token has. What scope was not granted is left out by oidc-provider.
      if (claims === undefined || (use === 'id_token' && claims.idToken.size === 0)) return { sub: userId };
      const told = Object.entries(await claims.of(user, parseScope(scope)));
      const released = use === 'id_token' ? told.filter(([name]) => claims.idToken.has(name)) : told;
      // The subject is ours to say: what the host adds cannot make one user another.
      return { ...Object.fromEntries(released), sub: userId };
    }),
  };
}
