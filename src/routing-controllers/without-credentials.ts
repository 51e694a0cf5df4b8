import type { Context } from 'koa';

/** A shorter text is no credential, and might be part of any message. */
const SHORTEST = 8;

/**
 * A message for the log without the credentials of the request. What a part of the host throws may repeat whatever it
 * was given, as a driver repeats a statement, or an HTTP client its request.
 */
export function withoutCredentials(context: Context, message: string): string {
  let text = message;
  for (const credential of credentialsOf(context)) {
    if (credential.length >= SHORTEST) text = text.replaceAll(credential, '***');
  }
  return text;
}

function credentialsOf(context: Context): string[] {
  const { authorization } = context.req.headers;
  const { body } = context.request as { body?: { access_token?: unknown } };
  const candidates = [authorization?.slice(authorization.indexOf(' ') + 1).trim(), context.query.access_token];
  if (typeof body === 'object' && body !== null) candidates.push(body.access_token as string | undefined);
  return candidates.flat().filter((one) => typeof one === 'string');
}
