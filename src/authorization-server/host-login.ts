import type { Context } from 'koa';
import type { Clock } from '../core/clock.js';

/** How the host is to ask. */
export interface HostLoginRequest {
  /** A user who is signed in has to be asked too: what he proved before does not do (`prompt=login`, `max_age`). */
  readonly reauthenticate: boolean;
}

/** A login of the host's own, in place of the login page. */
export interface HostLogin {
  /**
   * Where the user signs in. Afterwards the browser goes to `<prefix>/interaction/<interactionUid>`, or, where that is
   * `undefined`, back to the page that it came from.
   */
  url(interactionUid: string | undefined, context: Context, request: HostLoginRequest): string;
  /** The id of the user who is signed in at the host. */
  userId(context: Context): string | undefined | PromiseLike<string | undefined>;
  /**
   * When that user proved who he is (by a password, say), in milliseconds since the Unix epoch; `undefined` if nobody
   * knows. Without this function nobody can be asked to sign in again: a request for that ends with `login_required`,
   * unless nobody was signed in when it came.
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
