import type { IncomingMessage } from 'node:http';
import { InvalidRequestError } from '../../core/errors.js';
import { rememberPerConnection } from '../../core/remember-per-connection.js';
import { MORE_THAN_ONE, type PresentedToken, tokenOfField } from './bearer-token.js';

/**
 * The token of the `Authorization` field, for whichever scheme; `undefined` without one.
 *
 * @throws InvalidRequestError if there are two fields
 */
export function tokenInHeader(request: IncomingMessage): PresentedToken | undefined {
  const field = authorizationField(request);
  return field === undefined ? undefined : rememberPerConnection(request.socket, field, tokenOfField);
}

/**
 * The `Authorization` field. Of two fields Node keeps the first and drops the other, but another hop may have read the
 * other.
 */
function authorizationField({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  let seen = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length !== 13 || (name !== 'Authorization' && name.toLowerCase() !== 'authorization')) continue;
    if (seen) throw new InvalidRequestError(MORE_THAN_ONE, { scheme: 'Bearer' });
    seen = true;
  }
  return authorization;
}
