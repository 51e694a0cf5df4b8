import type { Context } from 'koa';

const PARAMETER = /(^|&)access_token=[^&]*/g;

/**
 * Takes the token out of the request's URL once it was read, so that no access log and no controller repeats it, and
 * keeps shared caches from storing the answer (RFC 6750 §2.3, §5.3).
 */
export function redactQueryToken(context: Context): void {
  context.set('Cache-Control', 'private');
  const redacted = context.querystring.replace(PARAMETER, '$1access_token=redacted');
  context.querystring = redacted;
  const [path] = context.originalUrl.split('?', 1);
  context.originalUrl = `${path}?${redacted}`;
  (context.req as { originalUrl?: string }).originalUrl = context.originalUrl;
}
