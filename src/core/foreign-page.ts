import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser sent this request for a page of another origin, possibly without the user's knowledge: a form that
 * submits itself, a `fetch` without preflight, an image. Such a request says nothing about who is at its address.
 *
 * Browsers announce it in `Sec-Fetch-Site` (W3C Fetch Metadata); old browsers, and pages without TLS, only by `Origin`.
 * Other programs send neither.
 *
 * @param isOwn whether an origin is this server's
 */
export function isForForeignPage(headers: IncomingHttpHeaders, isOwn: (origin: string) => boolean): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && origin !== '' && !isOwn(origin);
}
