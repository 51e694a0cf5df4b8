import type { IncomingMessage } from 'node:http';
import { InvalidRequestError } from '../../core/errors.js';
import { rememberPerConnection } from '../../core/remember-per-connection.js';
import { MORE_THAN_ONE, type PresentedToken, tokenOfField } from './bearer-token.js';

/**
 * The token in the `Authorization` field, for any scheme; `undefined` if there is no field.
 *
 * @throws InvalidRequestError if there are two fields
 */
export function tokenInHeader(request: IncomingMessage): PresentedToken | undefined {
  const field = authorizationField(request);
  return field === undefined ? undefined : rememberPerConnection(request.socket, field, tokenOfField);
}

/** The `Authorization` field. Of two fields Node keeps the first, but another hop may have used the second. */
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
