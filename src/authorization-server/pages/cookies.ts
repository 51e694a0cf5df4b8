import type { Context } from 'koa';

/** Cookies of the pages: host-only, out of reach of scripts, and not sent along by other sites' forms. */
export class PageCookies {
  private readonly prefix: string;
  private readonly attributes: string;

  /** @param isSecure whether the pages are reached by https */
  constructor(isSecure: boolean) {
    // `__Host-` makes browsers refuse a cookie that another subdomain or plain http tries to plant.
    this.prefix = isSecure ? '__Host-' : '';
    this.attributes = `; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  }

  get(context: Context, name: string): string | undefined {
    return context.cookies.get(this.prefix + name, { signed: false });
  }

  /** @param value in characters that a cookie may have, e.g. base64url */
  set(context: Context, name: string, value: string, lifetimeSeconds?: number): void {
    const age = lifetimeSeconds === undefined ? '' : `; Max-Age=${lifetimeSeconds}`;
    // Not through Koa, which refuses `Secure` where a proxy before this process speaks TLS.
    context.append('Set-Cookie', `${this.prefix}${name}=${value}${this.attributes}${age}`);
  }

  remove(context: Context, name: string): void {
    this.set(context, name, '', 0);
  }
}
