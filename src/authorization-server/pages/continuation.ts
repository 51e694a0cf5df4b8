import type { Context } from 'koa';
import { CSRF_FIELD, type Csrf } from './csrf.js';
import { readQuery } from './form-body.js';
import type { PageDependencies } from './page-dependencies.js';
import { PageError } from './page-error.js';
import type { PageRoute } from './page-router.js';
import type { Renderer } from './renderer.js';

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
    private readonly dependencies: Pick<PageDependencies, 'prefix' | 'issuer' | 'interactions'>,
    private readonly csrf: Csrf,
    private readonly renderer: Renderer,
  ) {}

  goOn(context: Context, url: string): void {
    // Only what this server has sent this browser to may be gone on to.
    const query = new URLSearchParams({ to: url, [CSRF_FIELD]: this.csrf.tokenFor(context, subjectOf(url)) });
    seeOther(context, `${this.dependencies.prefix}/continue?${query}`);
  }

  /** Whether a redirect leaves this origin. */
  leaves(context: Context, location: string): boolean {
    if (!URL.canParse(location, this.dependencies.issuer)) return true;
    const url = new URL(location, this.dependencies.issuer);
    const { origin, host } = url;
    // A private-use scheme opens a program, whatever stands in the place of a host.
    if (!isWeb(url)) return true;
    return origin !== new URL(this.dependencies.issuer).origin && host !== context.host;
  }

  private async show(context: Context): Promise<void> {
    const query = readQuery(context);
    const url = query.value('to');
    if (
      !this.csrf.isRight(context, subjectOf(url), query.value(CSRF_FIELD)) ||
      !URL.canParse(url, this.dependencies.issuer)
    ) {
      throw new PageError(400, 'badRequest');
    }
    const target = new URL(url, this.dependencies.issuer);
    const isHere = !this.leaves(context, target.href);
    // What looks only, without going there, must not use the interaction up.
    if (
      !isHere ||
      context.method === 'HEAD' ||
      !(await this.dependencies.interactions.resume(context, target.pathname))
    ) {
      return this.page(context, target.href);
    }
    const location = context.response.get('Location');
    if (location === '' || context.status < 300 || context.status >= 400) return;
    if (!this.leaves(context, location)) return seeOther(context, location);
    context.remove('Location');
    // The target itself: a browser that does not follow to a scheme of an application's own by itself, follows the link.
    await this.page(context, location);
  }

  private page(context: Context, url: string): Promise<void> {
    const target = new URL(url);
    // With a private-use scheme, what stands in the place of a host says nothing about who is behind it.
    return this.renderer.show(context, 'continue', { url, host: isWeb(target) ? target.host : target.protocol });
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:';
}

function subjectOf(url: string) {
  return { purpose: `continue ${url}`, userId: undefined };
}
