import querystring from 'node:querystring';
import type { Context } from 'koa';
import { beforeHead } from './before-head.js';

const PARAMETER = 'access_token';

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
  const parts = context.querystring.split('&');
  const redacted = parts.map((part) => (nameOf(part) === PARAMETER ? `${PARAMETER}=redacted` : part)).join('&');
  context.querystring = redacted;
  const [path] = context.originalUrl.split('?', 1);
  context.originalUrl = `${path}?${redacted}`;
  (context.req as { originalUrl?: string }).originalUrl = context.originalUrl;
}

/** The name may be percent-encoded, in part or in whole. */
function nameOf(part: string): string {
  return querystring.unescape(part.split('=', 1)[0] as string);
}
