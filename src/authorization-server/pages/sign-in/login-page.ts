import type { Context } from 'koa';
import type { PageServices } from '../page-services.js';
import type { LoginModel } from '../rendering/page-models.js';
import type { SignInResult } from './password-check.js';

/** A failed sign-in. */
export type RefusedSignIn = Exclude<SignInResult, { readonly userId: string }>;

/**
 * The status of the page after a failed sign-in. Not 401, which requires a challenge, and there is none for forms (RFC
 * 9110 §15.5.2); not 200, because browsers would offer to save the password.
 */
const REFUSED = 403;
const THROTTLED = 429;

/** Shows the login page with the problem. The password is never sent back. */
export function showLogin(
  { renderer }: Pick<PageServices, 'renderer'>,
  context: Context,
  refused: RefusedSignIn | undefined,
  model: Pick<LoginModel, 'form' | 'username' | 'application' | 'notice' | 'refuseForm'>,
): Promise<void> {
  const retryAfterSeconds = refused?.problem === 'throttled' ? refused.retryAfterSeconds : 0;
  if (refused?.problem === 'throttled') context.set('Retry-After', String(retryAfterSeconds));
  return renderer.show(context, 'login', { ...model, problem: refused?.problem, retryAfterSeconds }, statusOf(refused));
}

function statusOf(refused: RefusedSignIn | undefined): number {
  if (refused === undefined) return 200;
  return refused.problem === 'throttled' ? THROTTLED : REFUSED;
}
