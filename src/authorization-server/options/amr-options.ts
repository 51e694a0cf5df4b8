import type { Context } from 'koa';
import { isScopeName } from '../../core/scopes.js';

/**
 * By which methods the user has authenticated who has just signed in, on the login page or at the host (`amr`, RFC 8176):
 * names such as `pwd`, `otp` and `hwk`. `undefined`: tokens do not say.
 */
export type AuthenticationMethods = (
  userId: string,
  context: Context,
) => readonly string[] | undefined | PromiseLike<readonly string[] | undefined>;

/**
 * The methods by which a user has authenticated; `undefined` where none are known.
 *
 * @throws TypeError if the host answers with something else than names without spaces
 */
export async function usedMethods(
  methods: AuthenticationMethods | undefined,
  userId: string,
  context: Context,
): Promise<string[] | undefined> {
  const used: unknown = await methods?.(userId, context);
  if (used === undefined || used === null) return undefined;
  if (Array.isArray(used) && used.every((one) => typeof one === 'string' && isScopeName(one))) {
    return used.length === 0 ? undefined : [...(used as string[])];
  }
  throw new TypeError('amr answered with something else than a list of names.');
}
