import type { Context } from 'koa';
import { CSRF_FIELD, type Csrf } from './forms/csrf.js';
import { readQuery } from './forms/form-body.js';
import type { PageDependencies } from './page-dependencies.js';
import { PageError } from './page-error.js';
import type { PageRoute } from './page-router.js';
import type { Renderer } from './rendering/renderer.js';

/** Responds with 303, so that a POST is not repeated at the target (RFC 9700 §4.12). */
export function seeOther(context: Context, url: string): void {
  context.redirect(url);
  context.status = 303;
  context.set('Cache-Control', 'no-store');
}

/**
 * Continues after a form if a redirect may leave this origin. The 303 leads to a page of this server, which continues
 * with a refresh of zero seconds: that is a separate navigation, to which the `form-action` of the page with the form
 * does not apply. It works without JavaScript, for every scheme and for any number of redirects.
 */
export class Continuation {
  readonly route: PageRoute = { path: '/continue', get: (context) => this.show(context) };

  constructor(
    private readonly dependencies: Pick<PageDependencies, 'prefix' | 'issuer' | 'interactions'>,
    private readonly csrf: Csrf,
    private readonly renderer: Renderer,
  ) {}

  goOn(context: Context, url: string): void {
    // Only redirects that this server issued to this browser can be continued.
    const query = new URLSearchParams({ to: url, [CSRF_FIELD]: this.csrf.tokenFor(context, subjectOf(url)) });
    seeOther(context, `${this.dependencies.prefix}/continue?${query}`);
  }

  /** Whether a redirect leaves this origin. */
  leaves(context: Context, location: string): boolean {
    if (!URL.canParse(location, this.dependencies.issuer)) return true;
    const url = new URL(location, this.dependencies.issuer);
    const { origin, host } = url;
    // A private-use scheme opens a program, whatever its host part says.
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
    // A request that only checks the page must not consume the interaction.
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
    // The target itself: in a browser that does not open a private-use scheme automatically, the user follows the link.
    await this.page(context, location);
  }

  private page(context: Context, url: string): Promise<void> {
    const target = new URL(url);
    // With a private-use scheme, the host part does not say who receives the request.
    return this.renderer.show(context, 'continue', { url, host: isWeb(target) ? target.host : target.protocol });
  }
}

function isWeb({ protocol }: URL): boolean {
  return protocol === 'https:' || protocol === 'http:';
}

function subjectOf(url: string) {
  return { purpose: `continue ${url}`, userId: undefined };
}
