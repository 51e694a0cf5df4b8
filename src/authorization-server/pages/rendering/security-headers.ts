import type { Context } from 'koa';

/**
 * No scripts, no frames, nothing from other origins. `form-action` is limited to this origin although sign-in and
 * consent lead to an application: browsers that apply it to the redirects after a form (Chromium, Safari) apply it to
 * all of them, including those of the application, so no list would be complete. `Continuation` ends the redirects of a
 * form here instead.
 */
export function contentSecurityPolicy({
  script,
  formAction = "'self'",
}: {
  readonly script?: string;
  readonly formAction?: string;
} = {}): string {
  return [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src ${script}`]),
    "style-src 'self'",
    "img-src 'self'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

const OF_PAGES = contentSecurityPolicy();

/** The header fields of every page. RFC 9700 §4.16 (no frames), §4.2.4 (no referrer). */
export function setSecurityHeaders(context: Context, policy: string = OF_PAGES): void {
  context.set({
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
}
