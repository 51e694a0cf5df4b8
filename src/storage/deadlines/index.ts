/** Deadlines for everything that uses the database, and the circuit breaker of its pool. */
export {
  type BoundedDatabase,
  boundsOf,
  DEFAULT_DEADLINE_MILLISECONDS,
  hostDatabase,
  keepBounds,
  ownDatabase,
} from './bounded-database.js';
export { boundedStatements, withoutDeadline } from './bounded-knex.js';
export type { ConnectionBreaker, PoolReading } from './connection-breaker.js';
export { poolOf } from './pool-of.js';
export { isLocked, type SqliteConnection, whenUnlocked, withoutBlocking } from './sqlite-locks.js';
