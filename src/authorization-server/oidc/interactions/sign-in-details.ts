import type { Context } from 'koa';
import { reachedAcr } from '../../options/acr-options.js';
import { usedMethods } from '../../options/amr-options.js';
import type { Settings } from '../../options/authorization-server-options.js';

/** What a session remembers of a sign-in, beside its time. */
export interface SignInDetails {
  readonly acr?: string;
  readonly amr?: string[];
}

/**
 * How the user has authenticated who has just signed in, as far as the host says.
 *
 * @throws TypeError if the host answers with what it may not
 */
export async function signInDetails(
  { acr: contexts, options }: Pick<Settings, 'acr' | 'options'>,
  userId: string,
  context: Context,
): Promise<SignInDetails> {
  const acr = await reachedAcr(contexts, userId, context);
  const amr = await usedMethods(options.amr, userId, context);
  return { ...(acr !== undefined && { acr }), ...(amr !== undefined && { amr }) };
}
