import type { Context } from 'koa';
import { loggedFailure } from '../core/logged-failure.js';
import { printable } from '../core/printable.js';
import type { ServerContext } from './server-context.js';

/**
 * Logs a failure that was not caused by the request.
 *
 * @param where the endpoint, or its path
 * @param request the request that it happened in, if it is known
 */
export function logFailure(
  { dependencies }: Pick<ServerContext, 'dependencies'>,
  where: string,
  thrown: unknown,
  request?: Context,
): void {
  const { kind, isOutage, describe } = loggedFailure(thrown);
  const text = () => (isOutage ? describe() : `The authorization server failed at ${printable(where)}: ${describe()}`);
  dependencies.log.error(kind, text, request && dependencies.requestId(request));
}
