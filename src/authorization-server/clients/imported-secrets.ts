import { ThrottledError } from '../../core/errors.js';
import { isGeneratedSecret } from '../../core/secret-strength.js';
import type { Application } from '../../storage/index.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';

type SecretDependencies = Pick<AuthorizationServerDependencies, 'applications' | 'clock' | 'failures'>;

/**
 * Whether this is the secret of the application.
 *
 * A secret that came from Django may have been chosen by a person, and be guessed from many addresses. So guesses at it
 * are also counted by the application alone. This budget slows only addresses from which the application has not
 * authenticated lately, and not who presents what was right lately: nobody can lock the application out where it is. Nor
 * does it count or slow what looks generated, by which nobody guesses what a person has chosen.
 *
 * @param isKnown whether the application has authenticated from the address of the request lately
 * @throws ThrottledError if the budget is spent
 * @throws TemporarilyUnavailableError if too many secrets are being compared
 */
export async function isSecretOf(
  dependencies: SecretDependencies,
  application: Application,
  secret: string,
  isKnown: boolean,
): Promise<boolean> {
  const recalled = application.recallSecret(secret, dependencies.clock.nowMilliseconds());
  if (recalled !== undefined) {
    if (recalled) await rehash(dependencies, application, secret);
    return recalled;
  }
  if (isKnown || isGeneratedSecret(secret)) return isRight(dependencies, application, secret, isKnown);
  return isRightGuess(dependencies, application, secret);
}

async function isRightGuess(
  dependencies: SecretDependencies,
  application: Application,
  secret: string,
): Promise<boolean> {
  const reservation = await dependencies.failures.reserve(`client:${application.clientId}`);
  if (!reservation.allowed) throw new ThrottledError(reservation.retryAfterSeconds);
  let isWrong = false;
  try {
    isWrong = !(await isRight(dependencies, application, secret, false));
  } finally {
    if (isWrong) reservation.fail();
    else reservation.release();
  }
  return !isWrong;
}

async function isRight(
  dependencies: SecretDependencies,
  application: Application,
  secret: string,
  isKnown: boolean,
): Promise<boolean> {
  const matches = await application.checkSecret(secret, isKnown, dependencies.clock.nowMilliseconds());
  if (matches) await rehash(dependencies, application, secret);
  return matches;
}

/** Does nothing, and asks the database nothing, for a secret that is stored as a fast hash or is to stay as it is. */
async function rehash({ applications }: SecretDependencies, application: Application, secret: string): Promise<void> {
  // That it could not be stored is no reason to refuse it; the next request will try again.
  await applications.rehashImportedSecret(application, secret).catch(() => false);
}
