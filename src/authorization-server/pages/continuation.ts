import type { Context } from 'koa';
import { CSRF_FIELD, type Csrf } from './csrf.js';
import { readQuery } from './form-body.js';
import { PageError } from './page-error.js';
import type { Renderer } from './renderer.js';
import type { PageRoute } from './router.js';

/** Answers with 303, so that nothing that was posted is posted on (RFC 9700 §4.12). */
export function seeOther(context: Context, url: string): void {
  context.redirect(url);
  context.status = 303;
  context.set('Cache-Control', 'no-store');
}

/**
 * Goes on, after a form, to where a redirect may leave this origin. The 303 leads to a page of ours, which leads on by
 * a refresh of zero seconds: that is a navigation of its own, to which the `form-action` of the page with the form does
 * not apply. It works without JavaScript, for every scheme and for every number of redirects.
 */
export class Continuation {
  readonly route: PageRoute = { path: '/continue', get: (context) => this.show(context) };

  constructor(
    private readonly prefix: string,
    private readonly issuer: string,
    private readonly csrf: Csrf,
    private readonly renderer: Renderer,
  ) {}

  goOn(context: Context, url: string): void {
    // Only what this server has sent this browser to may be gone on to.
    const query = new URLSearchParams({ to: url, [CSRF_FIELD]: this.csrf.tokenFor(context, subjectOf(url)) });
    seeOther(context, `${this.prefix}/continue?${query}`);
  }

  /** Whether a redirect leaves this origin. */
  leaves(context: Context, location: string): boolean {
    if (!URL.canParse(location, this.issuer)) return true;
    const { origin, host } = new URL(location, this.issuer);
    return origin !== new URL(this.issuer).origin && host !== context.host;
  }

  private async show(context: Context): Promise<void> {
    const query = readQuery(context);
    const url = query.value('to');
    if (!this.csrf.isRight(context, subjectOf(url), query.value(CSRF_FIELD)) || !URL.canParse(url, this.issuer)) {
      throw new PageError(400, 'badRequest');
    }
    const target = new URL(url, this.issuer);
    // With a scheme of its own, what stands in the place of a host says nothing about who is behind it.
    const isWeb = target.protocol === 'https:' || target.protocol === 'http:';
    await this.renderer.show(context, 'continue', { url: target.href, host: isWeb ? target.host : target.protocol });
  }
}

function subjectOf(url: string) {
  return { purpose: `continue ${url}`, userId: undefined };
}
