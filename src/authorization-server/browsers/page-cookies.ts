import type { Context } from 'koa';
import { cookieName } from './cookie-name.js';

/** Cookies of the pages: host-only, out of reach of scripts, and not sent along by other sites' forms. */
export class PageCookies {
  private readonly attributes: string;

  constructor(
    private readonly issuer: string,
    private readonly prefix: string,
  ) {
    this.attributes = `; Path=/; HttpOnly; SameSite=Lax${issuer.startsWith('https:') ? '; Secure' : ''}`;
  }

  /** The value; `undefined` also if there are several: one of them was planted for a path, or by plain http. */
  get(context: Context, name: string): string | undefined {
    const full = `${this.nameOf(name)}=`;
    const values = new Set<string>();
    for (const pair of (context.req.headers.cookie ?? '').split(';')) {
      const trimmed = pair.trim();
      if (trimmed.startsWith(full)) values.add(trimmed.slice(full.length));
    }
    const [value] = values;
    return values.size === 1 ? value : undefined;
  }

  /** @param value in characters that a cookie may have, e.g. base64url */
  set(context: Context, name: string, value: string, lifetimeSeconds?: number): void {
    const age = lifetimeSeconds === undefined ? '' : `; Max-Age=${lifetimeSeconds}`;
    // Not through Koa, which refuses `Secure` where a proxy before this process speaks TLS.
    context.append('Set-Cookie', `${this.nameOf(name)}=${value}${this.attributes}${age}`);
  }

  remove(context: Context, name: string): void {
    this.set(context, name, '', 0);
  }

  private nameOf(name: string): string {
    return cookieName(this.issuer, this.prefix, name);
  }
}
