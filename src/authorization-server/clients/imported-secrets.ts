import { TemporarilyUnavailableError, ThrottledError } from '../../core/errors.js';
import { isGeneratedSecret } from '../../core/secret-strength.js';
import type { Application } from '../../storage/index.js';
import { currentState } from '../oidc/inner-state.js';
import { errors } from '../oidc/oidc-provider.js';
import type { ServerContext } from '../server-context.js';

/**
 * Whether this is the secret of the application.
 *
 * A secret that came from Django may have been chosen by a person, and be guessed from many addresses. So guesses at it
 * are also counted by the application alone. This budget slows only addresses from which the application has not
 * authenticated lately, and not who presents what was right lately: nobody can lock the application out where it is. Nor
 * does it count or slow what looks generated, by which nobody guesses what a person has chosen.
 */
export async function isSecretOf(context: ServerContext, application: Application, secret: string): Promise<boolean> {
  const recalled = application.recallSecret(secret, context.dependencies.clock.nowMilliseconds());
  if (recalled !== undefined) {
    if (recalled) await rehash(context, application, secret);
    return recalled;
  }
  const state = currentState();
  const isKnown = state !== undefined && context.clientAuthentications.isKnown(state.outer, application.clientId);
  try {
    if (isKnown || isGeneratedSecret(secret)) return await isRight(context, application, secret, isKnown);
    return await guessed(context, application, secret);
  } catch (error) {
    if (state === undefined || !isRefusal(error)) throw error;
    // Answered by the dispatcher, with its `Retry-After`.
    state.refusal = error;
    throw endOf(error);
  }
}

async function guessed(context: ServerContext, application: Application, secret: string): Promise<boolean> {
  const reservation = await context.dependencies.failures.reserve(`client:${application.clientId}`);
  if (!reservation.allowed) throw new ThrottledError(reservation.retryAfterSeconds);
  let isWrong = false;
  try {
    isWrong = !(await isRight(context, application, secret, false));
  } finally {
    if (isWrong) reservation.fail();
    else reservation.release();
  }
  return !isWrong;
}

async function isRight(
  context: ServerContext,
  application: Application,
  secret: string,
  isKnown: boolean,
): Promise<boolean> {
  const matches = await application.checkSecret(secret, isKnown, context.dependencies.clock.nowMilliseconds());
  if (matches) await rehash(context, application, secret);
  return matches;
}

/** Nothing is asked of the database for a secret that is stored as a fast hash, or is to stay as it is. */
async function rehash({ dependencies }: ServerContext, application: Application, secret: string): Promise<void> {
  // That it could not be stored is no reason to refuse it; the next request will try again.
  await dependencies.applications.rehashImportedSecret(application, secret).catch(() => false);
}

function isRefusal(error: unknown): error is ThrottledError | TemporarilyUnavailableError {
  return error instanceof ThrottledError || error instanceof TemporarilyUnavailableError;
}

/** Ends what oidc-provider does with the request. */
function endOf({ status, code }: ThrottledError | TemporarilyUnavailableError): Error {
  return Object.assign(new errors.OIDCProviderError(status, code), { expose: true });
}
