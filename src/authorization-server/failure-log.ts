import { loggedFailure } from '../core/logged-failure.js';
import { printable } from '../core/printable.js';
import type { ServerContext } from './server-context.js';

/**
 * Logs a failure that was not caused by the request.
 *
 * @param where the endpoint, or its path
 */
export function logFailure(
  { dependencies }: Pick<ServerContext, 'dependencies'>,
  where: string,
  thrown: unknown,
): void {
  const { kind, isOutage, describe } = loggedFailure(thrown);
  dependencies.log.error(kind, () =>
    isOutage ? describe() : `The authorization server failed at ${printable(where)}: ${describe()}`,
  );
}
