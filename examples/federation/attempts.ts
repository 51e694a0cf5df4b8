import type { Context } from 'koa';
import type { Attempt } from './relying-party.js';

/** The path of the cookies: only the answer of the provider needs them. */
export const CALLBACK_PATH = '/login/callback';

/** How long a user may take at the provider. */
const LIFETIME_MILLISECONDS = 600_000;
const STATE = /^[A-Za-z0-9_-]{43}$/;

/** An attempt, and where the browser goes when it has succeeded. */
export interface KeptAttempt extends Attempt {
  readonly next: string;
}

/**
 * Keeps an attempt in the browser that makes it, so that an answer to another browser's attempt is worth nothing here (RFC
 * 9700 §2.1). Each has a cookie of its own, since several tabs may be at it; the signature covers its name too.
 */
export function keepAttempt(context: Context, attempt: KeptAttempt): void {
  const value = Buffer.from(JSON.stringify(attempt)).toString('base64url');
  context.cookies.set(cookieName(attempt.state), value, cookieOptions(LIFETIME_MILLISECONDS));
}

/** The attempt with this state, once; `undefined` if this browser has made none, or too long ago. */
export function takeAttempt(context: Context, state: unknown): KeptAttempt | undefined {
  if (typeof state !== 'string' || !STATE.test(state)) return undefined;
  const value = context.cookies.get(cookieName(state), { signed: true });
  if (value === undefined) return undefined;
  context.cookies.set(cookieName(state), null, cookieOptions(0));
  const attempt: KeptAttempt = JSON.parse(Buffer.from(value, 'base64url').toString());
  return attempt.beganAtMilliseconds > Date.now() - LIFETIME_MILLISECONDS ? attempt : undefined;
}

function cookieOptions(maxAge: number) {
  return { path: CALLBACK_PATH, maxAge, sameSite: 'lax', signed: true } as const;
}

function cookieName(state: string): string {
  return `federation.${state}`;
}
