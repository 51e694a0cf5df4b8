import type { Logger } from '../../core/logger.js';
import { breakerOf, type ConnectionBreaker } from './connection-breaker.js';
import type { KnexClient } from './knex-client.js';

/**
 * The circuit breaker of the pool of a database, which knows its state; `undefined` if its pool does not tell, as that of
 * some drivers, or was closed.
 */
export function poolOf(
  { knex }: { readonly knex: { readonly client: unknown } },
  logger: Logger,
): ConnectionBreaker | undefined {
  const { pool } = knex.client as KnexClient;
  return pool ? breakerOf(pool, logger) : undefined;
}
