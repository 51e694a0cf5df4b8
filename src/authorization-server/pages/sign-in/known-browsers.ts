import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import { type Clock, epochSeconds } from '../../../core/clock.js';
import { equalInConstantTime } from '../../../core/digest.js';
import type { RandomBytes } from '../../../core/token-value.js';
import type { PageCookies } from '../../browsers/page-cookies.js';

const COOKIE = 'oauth2_known';
/** How long a browser is remembered after its last sign-in: half a year. */
const LIFETIME_SECONDS = 15_552_000;
/** How many names are remembered per browser: enough for a family. */
const MAXIMUM_NAMES = 5;

/** `<identifier>.<seconds since the Unix epoch, to the base of 36>.<HMAC-SHA256>` */
const ENTRY = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{43})$/;
const SEPARATOR = '~';

export interface KnownBrowsersDependencies {
  /** Newest first: the first signs, all of them verify. */
  readonly keys: readonly Buffer[];
  readonly cookies: PageCookies;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/**
 * Recognizes browsers in which a user has signed in before, by a signed cookie (OWASP: "Slow Down Online Guessing
 * Attacks with Device Cookies"). It authenticates nobody. It only selects the budget of failures: such a browser has
 * its own, so that others' attempts with the user's name do not lock the user out there.
 *
 * The cookie is bound to the user name exactly as it was typed, so that an account with a similar name gains nothing.
 * It is replaced after each sign-in. Nothing is stored; someone who steals one gets the ten attempts per minute of this
 * browser.
 */
export class KnownBrowsers {
  constructor(private readonly dependencies: KnownBrowsersDependencies) {}

  /** The identifier of this browser if somebody has signed in here with this name; otherwise `undefined`. */
  find(context: Context, username: string): string | undefined {
    for (const [, id, issuedAt, signature] of this.entries(context)) {
      const isOurs = this.dependencies.keys
        .map((key) => sign(key, username, id, issuedAt))
        .filter((expected) => equalInConstantTime(signature, expected));
      if (isOurs.length > 0) return id;
    }
    return undefined;
  }

  /** Remembers a sign-in with this browser, under a new identifier. */
  remember(context: Context, username: string): void {
    const { keys, cookies, random } = this.dependencies;
    const former = this.find(context, username);
    const others = this.entries(context).filter(([, id]) => id !== former);
    const id = random(16).toString('base64url');
    const issuedAt = this.nowSeconds().toString(36);
    const entry = `${id}.${issuedAt}.${sign(keys[0] as Buffer, username, id, issuedAt)}`;
    const kept = others.slice(0, MAXIMUM_NAMES - 1).map(([text]) => text);
    cookies.set(context, COOKIE, [entry, ...kept].join(SEPARATOR), LIFETIME_SECONDS);
  }

  /** The entries in the cookie that have not expired. They are not verified yet. */
  private entries(context: Context): Entry[] {
    const since = this.nowSeconds() - LIFETIME_SECONDS;
    const texts = (this.dependencies.cookies.get(context, COOKIE) ?? '').split(SEPARATOR, MAXIMUM_NAMES);
    return texts
      .map((text) => ENTRY.exec(text) as Entry | null)
      .filter((entry): entry is Entry => entry !== null && Number.parseInt(entry[2], 36) > since);
  }

  private nowSeconds(): number {
    return epochSeconds(this.dependencies.clock);
  }
}

type Entry = readonly [text: string, id: string, issuedAt: string, signature: string];

function sign(key: Buffer, username: string, id: string, issuedAt: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify([username, id, issuedAt]))
    .digest('base64url');
}
