import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import createSession from 'koa-session';

/** The name of the cookie that holds a session. */
export const SESSION_COOKIE = 'bookstore.session';

const ONE_DAY_MILLISECONDS = 86_400_000;

/**
 * Keeps sessions in a signed cookie. Its content (user id, CSRF token) can be read by its owner and changed by nobody.
 *
 * @param keys sign the cookies, the newest first; without them sessions end with this process
 */
export function useSessions(koa: Koa, keys: readonly string[] | undefined): void {
  koa.keys = [...(keys ?? [randomBytes(32).toString('base64url')])];
  const options = { key: SESSION_COOKIE, maxAge: ONE_DAY_MILLISECONDS, sameSite: 'lax', signed: true };
  koa.use(createSession(options, koa));
}
