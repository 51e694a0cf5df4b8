import type { Context } from 'koa';
import { MASK, withoutEach } from '../core/options/index.js';
import { takenFromQuery } from '../resource-server/authentication/query-token.js';

/** Shorter text is not a credential, and could be part of any message. */
const SHORTEST = 8;
/** The parameter in a URL, encoded or not (then `3F` or `26` comes before it), also in the URL of another request. */
const IN_URL = /(access_token(?:=|%3D))[^\s&#"']+/gi;

/**
 * Removes the credentials of the request from a message for the log. Errors of the host's code may repeat their input,
 * as a driver repeats a statement, or an HTTP client its request.
 *
 * @param fieldsRead the request fields that authentication reads, in the form of `Vary`
 */
export function withoutCredentials(context: Context, message: string, fieldsRead: string): string {
  const texts = new Set<string>();
  for (const credential of credentialsOf(context, fieldsRead)) {
    texts.add(credential);
    texts.add(encoded(credential));
  }
  return withoutEach(message.replace(IN_URL, `$1${MASK}`), texts, SHORTEST);
}

function credentialsOf(context: Context, fieldsRead: string): string[] {
  const { headers } = context.req;
  const { body } = context.request as { body?: { access_token?: unknown } };
  const candidates: unknown[] = [...takenFromQuery(context.req), context.query.access_token];
  if (typeof body === 'object' && body !== null) candidates.push(body.access_token);
  for (const field of new Set(['authorization', ...fieldsRead.toLowerCase().split(', ')])) {
    const value = headers[field];
    if (value === undefined) continue;
    if (field === 'authorization') candidates.push(...partsOfAuthorization(String(value)));
    else if (field === 'cookie') candidates.push(...valuesOfCookies(String(value)));
    else candidates.push(value);
  }
  return candidates.flat().filter((one) => typeof one === 'string');
}

/** The part after the scheme; of Basic also the password. */
function partsOfAuthorization(value: string): string[] {
  const credentials = value.slice(value.indexOf(' ') + 1).trim();
  if (!/^basic /i.test(value)) return [credentials];
  const userPass = Buffer.from(credentials, 'base64').toString('utf8');
  return [credentials, userPass, userPass.slice(userPass.indexOf(':') + 1)];
}

/** Each value as written and decoded. */
function valuesOfCookies(value: string): string[] {
  return value.split(';').flatMap((cookie) => {
    const written = cookie
      .slice(cookie.indexOf('=') + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    return [written, decoded(written)];
  });
}

function encoded(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a surrogate pair.
    return text;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
