import type { Account } from 'oidc-provider';
import type { UserStore } from '../../core/users.js';
import { asOutage } from './outage.js';

export type ClaimsOfUser = (user: unknown) => Record<string, unknown> | PromiseLike<Record<string, unknown>>;

/**
 * The account of a user who may act now. A user who was disabled or deleted has none, and so gets nothing.
 *
 * @param users without it every id is a user
 */
export async function findAccount(
  users: UserStore | undefined,
  userId: string,
  claims: ClaimsOfUser | undefined,
): Promise<Account | undefined> {
  if (users === undefined) return { accountId: userId, claims: () => ({ sub: userId }) };
  const user = await users.findById(userId);
  if (user === undefined || user === null || (await users.isActive(user)) !== true) return undefined;
  return {
    accountId: userId,
    // The subject is ours to say: what the host adds cannot make one user another.
    claims: asOutage(async () => ({ ...(await claims?.(user)), sub: userId })),
  };
}
