import type { Account } from 'oidc-provider';
import { parseScope } from '../../../core/scopes.js';
import type { UserStore } from '../../../core/users.js';
import type { ClaimsSettings } from '../../options/claims-options.js';
import { asOutage } from '../outage.js';

/**
 * The account of a user who may act now. A disabled or deleted user has none, and so gets nothing.
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
      // The host is not asked for claims that no ID token contains. oidc-provider omits claims whose scope was not
      // granted.
      if (claims === undefined || (use === 'id_token' && claims.idToken.size === 0)) return { sub: userId };
      const all = Object.entries(await claims.of(user, parseScope(scope)));
      const released = use === 'id_token' ? all.filter(([name]) => claims.idToken.has(name)) : all;
      // `sub` comes last, so that claims of the host cannot replace the subject.
      return { ...Object.fromEntries(released), sub: userId };
    }),
  };
}
