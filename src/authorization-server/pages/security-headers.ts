import type { Context } from 'koa';

/**
 * No script, no frame, nothing from elsewhere. `form-action` stays at this origin although sign-in and consent lead on
 * to an application: browsers that apply it to the redirects after a form (Chromium, Safari) apply it to all of them,
 * also to those that the application makes, so no list would ever be complete. `Continuation` ends a form's redirects
 * here instead.
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

/** What every page is sent with. RFC 9700 §4.16 (no frames), §4.2.4 (no referrer). */
export function setSecurityHeaders(context: Context, policy: string = OF_PAGES): void {
  context.set({
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
}
