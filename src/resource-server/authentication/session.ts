import type { Context } from 'koa';
import { equalInConstantTime } from '../../core/digest.js';
import { AccessDeniedError, AuthenticationRequiredError, ConfigurationError } from '../../core/errors.js';
import { isSafeMethod } from '../../core/methods.js';
import { functionOption, knownOptions, optionPath, refuseOption } from '../../core/options/index.js';
import { userPrincipal } from '../../core/principal.js';
import { generateTokenValue } from '../../core/token-value.js';
import type { UserStore } from '../../core/users.js';
import { activeUser } from '../active-user.js';
import type { DescribedCredentials } from '../described-server.js';
import type { Authentication, Authenticator } from './authenticator.js';

/** How sessions are read. The defaults match `startSession`. */
export interface SessionOptions {
  /** The id of the session's user; default `context.session.userId`, as koa-session keeps it. */
  readonly userId?: (context: Context) => string | undefined;
  /** The session's CSRF token; default `context.session.csrfToken`. */
  readonly csrfToken?: (context: Context) => string | undefined;
  /** The request header that repeats the CSRF token. Default `X-CSRF-Token`. */
  readonly csrfHeader?: string | undefined;
  /** The cookie from which the page's own script reads the CSRF token. Default `csrf_token`. */
  readonly csrfCookie?: string | undefined;
}

/** RFC 9110 §5.1 and RFC 6265 §4.1.1: both are tokens. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws ConfigurationError if an option is not known, no function, or no name of a header or cookie */
export function readSessionOptions(options: SessionOptions): SessionOptions {
  const names = ['userId', 'csrfToken', 'csrfHeader', 'csrfCookie'] as const;
  const read = knownOptions<SessionOptions>('session', options, names);
  for (const name of ['userId', 'csrfToken'] as const) {
    if (read[name] !== undefined)
      functionOption(optionPath('session', name), read[name], 'give a function of the context');
  }
  for (const name of ['csrfHeader', 'csrfCookie'] as const) {
    const value: unknown = read[name];
    if (value === undefined || (typeof value === 'string' && TOKEN.test(value))) continue;
    refuseOption(optionPath('session', name), value, 'give a name of letters, digits and hyphens');
  }
  return read;
}

interface SessionContent {
  userId?: unknown;
  csrfToken?: unknown;
}

const DEFAULT_HEADER = 'X-CSRF-Token';
const DEFAULT_COOKIE = 'csrf_token';

/** What a document says of these sessions. */
export function describedSession({ csrfHeader, csrfCookie }: SessionOptions): DescribedCredentials {
  return { kind: 'session', csrfHeader: csrfHeader ?? DEFAULT_HEADER, csrfCookie: csrfCookie ?? DEFAULT_COOKIE };
}

function content(context: Context): SessionContent | undefined {
  const session: unknown = (context as { session?: unknown }).session;
  return typeof session === 'object' && session !== null ? session : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * Authenticates the user of a session (koa-session or similar). The browser sends the session cookie by itself, so a
 * request that changes something must repeat the CSRF token of the session in a header, which a page of another origin
 * cannot do.
 */
export class SessionAuthenticator implements Authenticator {
  readonly ambient = true;
  readonly reads = ['Cookie'];
  private readonly userId: (context: Context) => string | undefined;
  private readonly csrfToken: (context: Context) => string | undefined;
  private readonly csrfHeader: string;

  constructor(
    private readonly users: UserStore,
    options: SessionOptions,
  ) {
    this.userId = options.userId ?? ((context) => text(content(context)?.userId));
    this.csrfToken = options.csrfToken ?? ((context) => text(content(context)?.csrfToken));
    this.csrfHeader = options.csrfHeader ?? DEFAULT_HEADER;
  }

  async authenticate(context: Context): Promise<Authentication | undefined> {
    const id = this.userId(context);
    if (id === undefined) return undefined;
    // The function of the host may return whatever a parsed body or a foreign session contained.
    if (typeof id !== 'string' || id === '') {
      throw new TypeError(
        `session({ userId }) gave ${id === '' ? 'an empty id' : `a ${typeof id}`}; give the id as a string.`,
      );
    }
    if (!isSafeMethod(context.method)) this.checkCsrf(context, id);
    const user = await activeUser(this.users, id);
    if (user === undefined) {
      const details = { reason: 'invalid_session', userId: id } as const;
      throw new AuthenticationRequiredError('The session is no longer valid.', details);
    }
    return { authType: 'session', principal: userPrincipal(id), user, userId: id };
  }

  private checkCsrf(context: Context, userId: string): void {
    const expected = this.csrfToken(context);
    const given = context.get(this.csrfHeader);
    if (expected === undefined || given === '' || !equalInConstantTime(expected, given)) {
      throw new AccessDeniedError(`The CSRF token is missing or wrong; repeat it in the header ${this.csrfHeader}.`, {
        reason: 'csrf',
        userId,
      });
    }
  }
}

/**
 * Signs a user in: creates a session with a CSRF token, which the page reads from a cookie and repeats in a header.
 * Await it after the password was checked. Resolves to the CSRF token.
 *
 * @param context the Koa context of the request
 * @param userId the id of the user, as the option `users` finds it
 * @param options the name of the cookie, if it is not the default
 * @returns the CSRF token, or a promise of it where the session is renewed in a store
 * @throws ConfigurationError if the session has an id in a store that cannot be renewed
 *
 * @example
 * ```ts
 * import type { Context } from 'koa';
 * import { startSession } from 'routing-controllers-oauth2';
 *
 * // After the password was right; the page sends the answer back as `X-CSRF-Token`.
 * export async function signIn(context: Context, userId: string): Promise<{ csrfToken: string }> {
 *   return { csrfToken: await startSession(context, userId) };
 * }
 * ```
 */
export function startSession(
  context: Context,
  userId: string,
  options: Pick<SessionOptions, 'csrfCookie'> = {},
): string | Promise<string> {
  const csrfToken = generateTokenValue();
  // A new object, so that nothing of the anonymous session remains (session fixation).
  (context as { session?: unknown }).session = { userId, csrfToken };
  const renewed = renewId((context as { session?: StoredSession }).session);
  context.cookies.set(options.csrfCookie ?? DEFAULT_COOKIE, csrfToken, {
    httpOnly: false,
    sameSite: 'lax',
    secure: context.secure,
    signed: false,
  });
  return renewed === undefined ? csrfToken : renewed.then(() => csrfToken);
}

/** A session of koa-session 7. With a store, the cookie contains only the id, and new content keeps the old id. */
interface StoredSession {
  readonly externalKey?: string | undefined;
  regenerate?(): Promise<void>;
}

/** An id from before the sign-in may have been planted by somebody else (session fixation). */
function renewId(session: StoredSession | undefined): Promise<void> | undefined {
  if (session?.externalKey === undefined) return undefined;
  if (typeof session.regenerate !== 'function') {
    throw new ConfigurationError(
      'The session has an id in a store, and no regenerate() to renew it; use koa-session 7.',
    );
  }
  return session.regenerate();
}

/**
 * Signs out: removes the session and its CSRF cookie.
 *
 * @param context the Koa context of the request
 * @param options the name of the cookie, if it is not the default
 *
 * @example
 * ```ts
 * import type { Context } from 'koa';
 * import { endSession } from 'routing-controllers-oauth2';
 *
 * export function signOut(context: Context): void {
 *   endSession(context);
 *   context.redirect('/');
 * }
 * ```
 */
export function endSession(context: Context, options: Pick<SessionOptions, 'csrfCookie'> = {}): void {
  (context as { session?: unknown }).session = null;
  context.cookies.set(options.csrfCookie ?? DEFAULT_COOKIE, null, { signed: false });
}
