import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { InvalidRequestError } from '../../core/errors.js';

/** Where bearer tokens are looked for beside the `Authorization` header (RFC 6750 §2). */
export interface BearerTokenLocations {
  /** `access_token` in an urlencoded form body, never for GET (RFC 6750 §2.2). Default off. */
  readonly body?: boolean | undefined;
  /** `access_token` in the query (RFC 6750 §2.3; RFC 9700 §4.3.2 advises against it). Default off. */
  readonly query?: boolean | undefined;
}

/** The token that a request presents, and where; `token` is as the caller wrote it, well-formed or not. */
export interface PresentedToken {
  readonly token: string;
  readonly location: 'header' | 'body' | 'query';
}

const PARAMETER = 'access_token';
const MORE_THAN_ONE = 'The request presents an access token in more than one way.';
const FORM = 'application/x-www-form-urlencoded';

/** Whether a form body may hold the token: urlencoded, one part, and not a GET (RFC 6750 §2.2). */
export function mayHoldTokenInBody(context: Context): boolean {
  return context.method !== 'GET' && context.method !== 'HEAD' && context.is(FORM) === FORM;
}

/**
 * Finds the bearer token of a request.
 *
 * @throws InvalidRequestError if there is more than one, in one place or in two (RFC 6750 §2, §3.1)
 */
export function presentedToken(context: Context, locations: BearerTokenLocations): PresentedToken | undefined {
  const fromHeader = headerToken(context);
  if (!locations.body && !locations.query) {
    return fromHeader === undefined ? undefined : { token: fromHeader, location: 'header' };
  }
  const found: PresentedToken[] = [];
  if (fromHeader !== undefined) found.push({ token: fromHeader, location: 'header' });
  if (locations.query) {
    const token = single(context.query[PARAMETER]);
    if (token !== undefined) found.push({ token, location: 'query' });
  }
  if (locations.body && mayHoldTokenInBody(context)) {
    const body = (context.request as { body?: unknown }).body;
    const token =
      typeof body === 'object' && body !== null ? single((body as Record<string, unknown>)[PARAMETER]) : undefined;
    if (token !== undefined) found.push({ token, location: 'body' });
  }
  if (found.length > 1) throw new InvalidRequestError(MORE_THAN_ONE);
  return found[0];
}

function single(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new InvalidRequestError(`The parameter ${PARAMETER} is repeated or malformed.`);
}

/**
 * The `Authorization` field.
 *
 * @throws InvalidRequestError if there are two
 */
export function authorizationField({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const header = headers.authorization;
  if (header !== undefined) refuseRepeated(rawHeaders);
  return header;
}

/** `"Bearer" 1*SP b64token` (RFC 6750 §2.1) with the scheme in any case (RFC 9110 §11.1); `''` if it stands alone. */
function headerToken(context: Context): string | undefined {
  const header = authorizationField(context.req);
  if (header === undefined || !isBearer(header)) return undefined;
  let start = 6;
  while (header.charCodeAt(start) === 0x20) start += 1;
  return header.slice(start);
}

function isBearer(header: string): boolean {
  if (header.length > 6 && header.charCodeAt(6) !== 0x20) return false;
  if (header.startsWith('Bearer')) return true;
  return header.slice(0, 6).toLowerCase() === 'bearer';
}

/** Node keeps the first of two `Authorization` fields and drops the other; another hop may have read the other. */
function refuseRepeated(rawHeaders: readonly string[]): void {
  let seen = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 13 || (name !== 'Authorization' && name.toLowerCase() !== 'authorization')) continue;
    if (seen) throw new InvalidRequestError(MORE_THAN_ONE);
    seen = true;
  }
}
