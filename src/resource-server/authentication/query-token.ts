import type { IncomingMessage } from 'node:http';
import querystring from 'node:querystring';
import type { Context } from 'koa';
import { beforeHead } from './before-head.js';

const PARAMETER = 'access_token';

/** What was taken out of the URLs of requests, as written and decoded. */
const taken = new WeakMap<IncomingMessage, readonly string[]>();

/** The texts that `redactQueryToken` took out of a request's URL, so that no message repeats them. */
export function takenFromQuery(request: IncomingMessage): readonly string[] {
  return taken.get(request) ?? [];
}

/**
 * Takes the token out of the request's URL once it was read, so that no access log and no controller repeats it, and
 * keeps shared caches from storing the answer (RFC 6750 §2.3, §5.3).
 */
export function redactQueryToken(context: Context): void {
  context.set('Cache-Control', 'private');
  beforeHead(context.res, () => {
    // Whatever the action says of caches; it may say more, and not less.
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
  // Koa has a copy here, of which it makes `href` and `URL`, and remembers the latter.
  const request = context.request as { originalUrl: string; memoizedURL?: URL | null | undefined };
  request.originalUrl = context.originalUrl;
  request.memoizedURL = undefined;
}

/** The name may be percent-encoded, in part or in whole. */
function nameOf(part: string): string {
  return querystring.unescape(part.split('=', 1)[0] as string);
}
