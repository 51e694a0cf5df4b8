import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import { equalInConstantTime } from '../../../core/digest.js';
import type { BrowserCookie } from '../../browsers/browser-cookie.js';
import { PageError } from '../page-error.js';

/** The name of the hidden field. */
export const CSRF_FIELD = 'csrf_token';

/** What a form is bound to, besides the browser. */
export interface CsrfSubject {
  /** The action of the form, e.g. `delete <client id>`. */
  readonly purpose: string;
  /** The signed-in user; `undefined` for nobody. */
  readonly userId: string | undefined;
}

/**
 * Binds forms to browser, user and purpose: a signed double-submit cookie. The token is an HMAC over the value of a
 * cookie, so another site can neither know nor plant a matching pair, and nothing has to be stored.
 */
export class Csrf {
  /**
   * @param keys newest first: the first creates tokens, all of them verify
   * @param issuerOrigin the origin of the pages
   */
  constructor(
    private readonly keys: readonly Buffer[],
    private readonly issuerOrigin: string,
    private readonly browsers: BrowserCookie,
  ) {}

  /** The token for a form on the page that is being rendered. Sets the cookie if the browser has none. */
  tokenFor(context: Context, subject: CsrfSubject): string {
    return this.sign(this.keys[0] as Buffer, this.browsers.ensure(context), subject);
  }

  /**
   * Checks the token of a submitted form.
   *
   * @throws PageError 403
   */
  check(context: Context, subject: CsrfSubject, token: string): void {
    this.checkOrigin(context);
    if (!this.isRight(context, subject, token)) throw new PageError(403, 'forged');
  }

  /** Whether a token was created for this browser and subject. */
  isRight(context: Context, subject: CsrfSubject, token: string): boolean {
    const browser = this.browsers.of(context);
    if (browser === undefined) return false;
    const expected = this.keys.map((key) => this.sign(key, browser, subject));
    return expected.filter((one) => equalInConstantTime(token, one)).length > 0;
  }

  /** Checks where the browser says that the form came from, in addition to the token. */
  private checkOrigin(context: Context): void {
    const site = context.get('Sec-Fetch-Site');
    if (site !== '' && site !== 'same-origin' && site !== 'none') throw new PageError(403, 'forged');
    const origin = context.get('Origin');
    // Forms of pages with `Referrer-Policy: no-referrer`, like these, are sent with the origin `null`.
    if (origin === '' || origin === 'null' || origin === this.issuerOrigin) return;
    if (!URL.canParse(origin) || new URL(origin).host !== context.host) throw new PageError(403, 'forged');
  }

  private sign(key: Buffer, browser: string, { purpose, userId }: CsrfSubject): string {
    const bound = JSON.stringify([browser, userId ?? null, purpose]);
    return createHmac('sha256', key).update(bound).digest('base64url');
  }
}
