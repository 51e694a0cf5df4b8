import type { Context } from 'koa';
import { sha256Key } from '../../core/digest.js';
import { InvalidRequestError } from '../../core/errors.js';
import { isTokenValue } from '../../core/token-value.js';

/** Where bearer tokens are accepted besides the `Authorization` header (RFC 6750 §2). */
export interface BearerTokenLocations {
  /** `access_token` in an urlencoded form body, never for GET (RFC 6750 §2.2). Default off. */
  readonly body?: boolean | undefined;
  /** `access_token` in the query (RFC 6750 §2.3; RFC 9700 §4.3.2 advises against it). Default off. */
  readonly query?: boolean | undefined;
}

/** The token in a request, and where it was found. */
export interface PresentedToken {
  /** As it was sent, well-formed or not. */
  readonly token: string;
  /** The SHA-256 of the token in base64url: its cache key. `undefined` if the token is malformed (RFC 6750 §2.1). */
  readonly key: string | undefined;
  readonly location: 'header' | 'body' | 'query';
  /** The scheme in the `Authorization` field; `Bearer` for tokens found elsewhere. */
  readonly scheme: 'Bearer' | 'DPoP';
}

const PARAMETER = 'access_token';
export const MORE_THAN_ONE = 'The request presents an access token in more than one way.';
const FORM = 'application/x-www-form-urlencoded';

/**
 * Whether the form body may contain the token: it is urlencoded and has a single part, and the method is not GET (RFC
 * 6750 §2.2).
 */
export function mayHoldTokenInBody(context: Context): boolean {
  return context.method !== 'GET' && context.method !== 'HEAD' && context.is(FORM) === FORM;
}

/**
 * The token of an `Authorization` field: `"Bearer" 1*SP b64token` (RFC 6750 §2.1), with the scheme in any case (RFC
 * 9110 §11.1), or the same with `DPoP` (RFC 9449 §7.1). The token is `''` if only the scheme is there; `undefined` for
 * another scheme.
 */
export function tokenOfField(field: string): PresentedToken | undefined {
  const scheme = hasScheme(field, 'Bearer') ? 'Bearer' : hasScheme(field, 'DPoP') ? 'DPoP' : undefined;
  if (scheme === undefined) return undefined;
  let start = scheme.length;
  while (field.charCodeAt(start) === 0x20) start += 1;
  return presented(field.slice(start), 'header', scheme);
}

/**
 * Finds the bearer token of a request that may also carry it outside the `Authorization` field.
 *
 * @param fromHeader the token of that field
 * @throws InvalidRequestError if there is more than one token, in one place or in several (RFC 6750 §2, §3.1)
 */
export function presentedToken(
  context: Context,
  fromHeader: PresentedToken | undefined,
  locations: BearerTokenLocations,
): PresentedToken | undefined {
  const found: PresentedToken[] = [];
  if (fromHeader !== undefined) found.push(fromHeader);
  if (locations.query) {
    const token = single(context.query[PARAMETER]);
    if (token !== undefined) found.push(presented(token, 'query'));
  }
  if (locations.body && mayHoldTokenInBody(context)) {
    const body = (context.request as { body?: unknown }).body;
    const token =
      typeof body === 'object' && body !== null ? single((body as Record<string, unknown>)[PARAMETER]) : undefined;
    if (token !== undefined) found.push(presented(token, 'body'));
  }
  if (found.length > 1) throw new InvalidRequestError(MORE_THAN_ONE, { scheme: 'Bearer' });
  return found[0];
}

function single(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidRequestError(`The parameter ${PARAMETER} is repeated or malformed.`, { scheme: 'Bearer' });
}

function presented(
  token: string,
  location: PresentedToken['location'],
  scheme: PresentedToken['scheme'] = 'Bearer',
): PresentedToken {
  return { token, key: isTokenValue(token) ? sha256Key(token) : undefined, location, scheme };
}

function hasScheme(field: string, scheme: PresentedToken['scheme']): boolean {
  const { length } = scheme;
  if (field.length > length && field.charCodeAt(length) !== 0x20) return false;
  if (field.startsWith(scheme)) return true;
  return field.slice(0, length).toLowerCase() === scheme.toLowerCase();
}
