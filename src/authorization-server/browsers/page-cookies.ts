import type { Context } from 'koa';
import { cookieName } from './cookie-name.js';

/** The cookies of the pages: host-only, inaccessible to scripts, and not sent with forms of other sites. */
export class PageCookies {
  private readonly attributes: string;

  constructor(
    private readonly issuer: string,
    private readonly prefix: string,
  ) {
    this.attributes = `; Path=/; HttpOnly; SameSite=Lax${issuer.startsWith('https:') ? '; Secure' : ''}`;
  }

  /** The value; `undefined` also if there are several, because one of them was planted for a path or by plain http. */
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

  /** @param value may contain only characters that are allowed in cookies, e.g. base64url */
  set(context: Context, name: string, value: string, lifetimeSeconds?: number): void {
    const age = lifetimeSeconds === undefined ? '' : `; Max-Age=${lifetimeSeconds}`;
    // Not through Koa, which refuses `Secure` if a proxy in front of this process terminates TLS.
    context.append('Set-Cookie', `${this.nameOf(name)}=${value}${this.attributes}${age}`);
  }

  remove(context: Context, name: string): void {
    this.set(context, name, '', 0);
  }

  private nameOf(name: string): string {
    return cookieName(this.issuer, this.prefix, name);
  }
}
