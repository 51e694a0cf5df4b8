import type { Context } from 'koa';
import type { PageCookies } from '../../browsers/page-cookies.js';
import type { Sealer } from '../../keys/sealer.js';

const COOKIE = 'oauth2_new_secret';
const LIFETIME_SECONDS = 60;

/**
 * Passes a new secret over the redirect after the form to the page that shows it once. It is not stored on the server:
 * the browser carries it, encrypted, and it is removed when it is shown.
 */
export class NewSecrets {
  constructor(
    private readonly sealer: Sealer,
    private readonly cookies: PageCookies,
  ) {}

  put(context: Context, userId: string, clientId: string, secret: string): void {
    this.cookies.set(context, COOKIE, this.sealer.seal(secret, contextOf(userId, clientId)), LIFETIME_SECONDS);
  }

  /** The secret for this user and application, if it was not taken yet. */
  take(context: Context, userId: string, clientId: string): string | undefined {
    const sealed = this.cookies.get(context, COOKIE);
    if (sealed === undefined || sealed === '') return undefined;
    let secret: string;
    try {
      secret = this.sealer.open(sealed, contextOf(userId, clientId));
    } catch {
      // It belongs to another application or user, or is malformed.
      return undefined;
    }
    this.cookies.remove(context, COOKIE);
    return secret;
  }
}

function contextOf(userId: string, clientId: string): string {
  return `page secret:${JSON.stringify([userId, clientId])}`;
}
