import type { Context } from 'koa';
import type { RandomBytes } from '../../core/token-value.js';
import type { PageCookies } from './page-cookies.js';

const COOKIE = 'oauth2_browser';
/** 256 random bits as base64url. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;

/** A secret of the browser to which forms and interactions are bound. It does not identify the user. */
export class BrowserCookie {
  constructor(
    private readonly cookies: PageCookies,
    private readonly random: RandomBytes,
  ) {}

  /** The secret that this browser has sent. */
  of(context: Context): string | undefined {
    const value = this.cookies.get(context, COOKIE);
    return value !== undefined && SECRET.test(value) ? value : undefined;
  }

  /** The secret of this browser; it gets one if it has none. */
  ensure(context: Context): string {
    // A new secret is sent only once, however many forms are on the page.
    const state = context.state as { oauth2Browser?: string };
    if (state.oauth2Browser !== undefined) return state.oauth2Browser;
    let secret = this.of(context);
    if (secret === undefined) {
      secret = this.random(32).toString('base64url');
      this.cookies.set(context, COOKIE, secret);
    }
    state.oauth2Browser = secret;
    return secret;
  }
}
