import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser sent this request for a page of another origin, which may do it without the user's knowledge: a form
 * that sends itself, a `fetch` that needs no preflight, an image. Such a request says nothing of who is at its address.
 *
 * Browsers say it in `Sec-Fetch-Site` (W3C Fetch Metadata); older ones, and those of pages without TLS, by `Origin` alone.
 * Programs send neither.
 *
 * @param isOwn whether an origin is this server's
 */
export function isForForeignPage(headers: IncomingHttpHeaders, isOwn: (origin: string) => boolean): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && origin !== '' && !isOwn(origin);
}
