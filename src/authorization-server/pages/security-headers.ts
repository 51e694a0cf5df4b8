import type { Context } from 'koa';

/**
 * No script, no frame, nothing from elsewhere. `form-action` stays at this origin although sign-in and consent lead on
 * to an application: browsers that apply it to the redirects after a form (Chromium, Safari) apply it to all of them,
 * also to those that the application makes, so no list would ever be complete. `Continuation` ends a form's redirects
 * here instead.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** What every page is sent with. RFC 9700 §4.16 (no frames), §4.2.4 (no referrer). */
export function setSecurityHeaders(context: Context, contentSecurityPolicy: string = CONTENT_SECURITY_POLICY): void {
  context.set({
    'Content-Security-Policy': contentSecurityPolicy,
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
}
