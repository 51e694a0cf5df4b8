import { InvalidClientError } from '../../../core/errors.js';

/** @throws InvalidClientError if there is no such application */
export function known<T>(found: T | undefined, clientId: string): T {
  if (found !== undefined) return found;
  throw new InvalidClientError(`There is no application with the client id ${JSON.stringify(clientId)}.`);
}
