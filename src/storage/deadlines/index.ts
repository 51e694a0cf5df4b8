/** Deadlines for everything that is asked of the database, and what stands before a pool that cannot connect. */
export {
  type BoundedDatabase,
  boundsOf,
  DEFAULT_DEADLINE_MILLISECONDS,
  hostDatabase,
  keepBounds,
  ownDatabase,
} from './bounded-database.js';
export { boundedStatements, withoutDeadline } from './bounded-knex.js';
export { isLocked, type SqliteConnection, whenUnlocked, withoutBlocking } from './sqlite-locks.js';
