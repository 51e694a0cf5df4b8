import { createHmac } from 'node:crypto';
import type { Context } from 'koa';
import { type Clock, epochSeconds } from '../../core/clock.js';
import { equalInConstantTime } from '../../core/digest.js';
import type { RandomBytes } from '../../core/token-value.js';
import type { PageCookies } from '../browsers/page-cookies.js';

const COOKIE = 'oauth2_known';
/** How long a browser is known after its last sign-in: half a year. */
const LIFETIME_SECONDS = 15_552_000;
/** How many names one browser is known for: a family's. */
const MAXIMUM_NAMES = 5;

/** `<identifier>.<seconds since the Unix epoch, to the base of 36>.<HMAC-SHA256>` */
const ENTRY = /^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,8})\.([A-Za-z0-9_-]{43})$/;
const SEPARATOR = '~';

export interface KnownBrowsersDependencies {
  /** Newest first: the first signs, all of them check. */
  readonly keys: readonly Buffer[];
  readonly cookies: PageCookies;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/**
 * Knows the browsers that a user has signed in with before, by a signed cookie (OWASP: "Slow Down Online Guessing Attacks
 * with Device Cookies"). It authenticates nobody. It says which budget of failures a try counts in: one of its own, so
 * that what others try in the user's name does not lock him out at his own browser.
 *
 * The cookie is bound to the user name exactly as it was typed, so that an account whose name is only like another's
 * makes nobody known for the other. It is another one after each sign-in. Nothing is stored; who steals one has the ten
 * tries a minute of this one browser.
 */
export class KnownBrowsers {
  constructor(private readonly dependencies: KnownBrowsersDependencies) {}

  /** Identifies this browser if somebody has signed in with it by this name; else `undefined`. */
  find(context: Context, username: string): string | undefined {
    for (const [, id, issuedAt, signature] of this.entries(context)) {
      const isOurs = this.dependencies.keys
        .map((key) => sign(key, username, id, issuedAt))
        .filter((expected) => equalInConstantTime(signature, expected));
      if (isOurs.length > 0) return id;
    }
    return undefined;
  }

  /** Somebody has just signed in with this browser: it is known from now on, under a new identifier. */
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

  /** What the browser has sent, as far as it has not ended. Whose it is, and whether it is ours, is not known yet. */
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
