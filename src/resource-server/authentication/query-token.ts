import type { IncomingMessage } from 'node:http';
import querystring from 'node:querystring';
import type { Context } from 'koa';
import { beforeHead } from './before-head.js';

const PARAMETER = 'access_token';

/** The tokens that were removed from the URLs of requests, as written and decoded. */
const taken = new WeakMap<IncomingMessage, readonly string[]>();

/** The strings that `redactQueryToken` removed from the URL of a request, so that no message repeats them. */
export function takenFromQuery(request: IncomingMessage): readonly string[] {
  return taken.get(request) ?? [];
}

/**
 * Removes the token from the URL of the request after it was read, so that no access log and no controller repeats it,
 * and keeps shared caches from storing the response (RFC 6750 §2.3, §5.3).
 */
export function redactQueryToken(context: Context): void {
  context.set('Cache-Control', 'private');
  beforeHead(context.res, () => {
    // The action may make caching stricter, but not looser.
    const said = String(context.res.getHeader('Cache-Control') ?? '');
    if (!/\b(private|no-store)\b/i.test(said)) context.res.setHeader('Cache-Control', 'private');
  });
  const texts: string[] = [];
  const parts = context.querystring.split('&').map((part) => {
    if (nameOf(part) !== PARAMETER) return part;
    const written = part.slice(part.indexOf('=') + 1);
    texts.push(written, querystring.unescape(written));
    return `${PARAMETER}=redacted`;
  });
  taken.set(context.req, texts);
  const redacted = parts.join('&');
  context.querystring = redacted;
  const [path] = context.originalUrl.split('?', 1);
  context.originalUrl = `${path}?${redacted}`;
  (context.req as { originalUrl?: string }).originalUrl = context.originalUrl;
  // Koa keeps a copy here, from which it derives `href` and `URL` and caches the latter.
  const request = context.request as { originalUrl: string; memoizedURL?: URL | null | undefined };
  request.originalUrl = context.originalUrl;
  request.memoizedURL = undefined;
}

/** The name may be percent-encoded in part or as a whole. */
function nameOf(part: string): string {
  return querystring.unescape(part.split('=', 1)[0] as string);
}
