import type { Context } from 'koa';
import type { Clock } from '../core/clock.js';

/** How the host should ask for a login. */
export interface HostLoginRequest {
  /** Ask even a signed-in user, because an earlier login does not count (`prompt=login`, `max_age`). */
  readonly reauthenticate: boolean;
  /**
   * The authentication contexts of the option `acr` of which the application asks for one (`acr_values`). A host with
   * `authenticatedAtMilliseconds` is asked for them of users who are signed in without.
   */
  readonly acrValues?: readonly string[] | undefined;
}

/** A login of the host, in place of the login page. */
export interface HostLogin {
  /**
   * The URL at which the user signs in. Afterwards the browser has to go to `<prefix>/interaction/<interactionUid>`,
   * or, if that is `undefined`, back to the page that it came from.
   */
  url(interactionUid: string | undefined, context: Context, request: HostLoginRequest): string;
  /** The id of the user who is signed in at the host. */
  userId(context: Context): string | undefined | PromiseLike<string | undefined>;
  /**
   * When that user authenticated (for example by a password), in milliseconds since the Unix epoch; `undefined` if
   * unknown. Without this function nobody can be asked to sign in again: a request for that ends with `login_required`,
   * unless nobody was signed in when it arrived.
   */
  authenticatedAtMilliseconds?(context: Context): number | undefined | PromiseLike<number | undefined>;
}

/** The year 2001 in milliseconds, and beyond any use in seconds: smaller values are not milliseconds. */
const LEAST_MILLISECONDS = 1e12;
/** The tolerated difference between clocks. */
const TOLERANCE_MILLISECONDS = 60_000;

/**
 * When the user of the host authenticated; `undefined` if the host does not say.
 *
 * @throws TypeError if the result is invalid; a time in the future would satisfy every request
 */
export async function authenticatedAtMilliseconds(
  login: HostLogin,
  context: Context,
  clock: Clock,
): Promise<number | undefined> {
  const answer: unknown = await login.authenticatedAtMilliseconds?.(context);
  if (answer === undefined || answer === null) return undefined;
  const now = clock.nowMilliseconds();
  const isTime = typeof answer === 'number' && answer >= LEAST_MILLISECONDS && answer <= now + TOLERANCE_MILLISECONDS;
  if (!isTime) {
    throw new TypeError(
      `login.authenticatedAtMilliseconds returned ${String(answer)}; return a past time in milliseconds since the Unix epoch.`,
    );
  }
  return Math.min(answer, now);
}
