import { ThrottledError } from '../../core/errors.js';
import { isGeneratedSecret } from '../../core/secret-strength.js';
import type { Application } from '../../storage/index.js';
import type { AuthorizationServerDependencies } from '../server-dependencies.js';

type SecretDependencies = Pick<AuthorizationServerDependencies, 'applications' | 'clock' | 'failures'>;

/**
 * Whether this is the secret of the application.
 *
 * A secret imported from Django may have been chosen by a person, and can be guessed from many addresses. So guesses
 * are also counted by the application alone. This budget delays only requests from addresses from which the application
 * has not authenticated recently, and with a secret that was not recently valid, so nobody can lock out the application
 * where it runs. Secrets that look generated are neither counted nor delayed, since they are not guesses of a person's
 * choice.
 *
 * @param isKnown whether the application has recently authenticated from the address of the request
 * @throws ThrottledError if the budget is exhausted
 * @throws TemporarilyUnavailableError if too many secrets are being checked
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

/** Does nothing, without a database query, for a secret that has a fast hash already or must keep its slow one. */
async function rehash({ applications }: SecretDependencies, application: Application, secret: string): Promise<void> {
  // A failure to store it is no reason to refuse the secret; the next request tries again.
  await applications.rehashImportedSecret(application, secret).catch(() => false);
}
