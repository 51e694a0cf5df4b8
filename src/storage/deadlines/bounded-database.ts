import type { Knex } from 'knex';
import { type Logger, silentLogger } from '../../core/logger.js';
import { type Between, boundedFaces, type Faces, forwardEvents } from './bounded-knex.js';
import type { Bounds } from './bounds.js';
import { breakerOf } from './connection-breaker.js';
import type { KnexClient } from './knex-client.js';
import { OwnConnections } from './own-connections.js';
import { timeLimit } from './time-limit.js';

/**
 * After this many milliseconds without an answer, a statement is given up, unless an option says otherwise. What is
 * healthy answers in a hundredth of it, and a lost packet is sent again well within it; and it is shorter than what
 * gateways and clients wait (mostly 10 to 60 seconds), so that the caller sees our 503 and not their 504.
 */
export const DEFAULT_DEADLINE_MILLISECONDS = 5_000;

/** How long `close` waits for statements that are under way, in milliseconds. */
const CLOSE_PATIENCE_MILLISECONDS = 3_000;
/** How long it waits until what was cut is known to be gone. */
const CUT_PATIENCE_MILLISECONDS = 1_000;

/** A database with its bounds in time. */
export interface BoundedDatabase extends Faces {
  readonly deadlineMilliseconds: number;
  /** Closes what was opened here, in bounded time, whatever the database does. The host's own stays open. */
  close(): Promise<void>;
}

const known = new WeakMap<object, BoundedDatabase>();

/** The bounds of a database that `openDatabase` gave, or the default ones. */
export function boundsOf(database: { readonly knex: Knex }): BoundedDatabase {
  let bounds = known.get(database);
  if (bounds === undefined) {
    bounds = hostDatabase(database.knex, { deadlineMilliseconds: DEFAULT_DEADLINE_MILLISECONDS, logger: silentLogger });
    known.set(database, bounds);
  }
  return bounds;
}

/** Keeps the bounds of a database, to be found by `boundsOf`. */
export function keepBounds<Kept extends object>(database: Kept, bounds: BoundedDatabase): Kept {
  known.set(database, bounds);
  return database;
}

/** The bounds of a knex instance that is the host's: the host's own statements through it have none. */
export function hostDatabase(knex: Knex, bounds: Bounds, between: Between = same): BoundedDatabase {
  return {
    ...boundedFaces(knex, bounds, between),
    deadlineMilliseconds: bounds.deadlineMilliseconds,
    close: async () => undefined,
  };
}

/** The bounds of a knex instance that was made here. */
export function ownDatabase(knex: Knex, bounds: Bounds, between: Between = same): BoundedDatabase {
  const connections = new OwnConnections(knex.client as KnexClient, bounds.deadlineMilliseconds);
  const faces = boundedFaces(knex, bounds, between);
  forwardEvents(knex, faces.statements);
  let closed: Promise<void> | undefined;
  return {
    ...faces,
    deadlineMilliseconds: bounds.deadlineMilliseconds,
    close() {
      closed ??= closeInTime(knex, connections, bounds.logger);
      return closed;
    },
  };
}

function same(knex: Knex): Knex {
  return knex;
}

async function closeInTime(knex: Knex, connections: OwnConnections, logger: Logger): Promise<void> {
  const { pool } = knex.client as KnexClient;
  if (pool !== undefined) breakerOf(pool, logger)?.shut();
  const closed = knex.destroy();
  if (await isSettledWithin(closed, CLOSE_PATIENCE_MILLISECONDS)) return;
  connections.cut();
  await isSettledWithin(closed, CUT_PATIENCE_MILLISECONDS);
}

/** @throws what the work throws in time */
function isSettledWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timeLimit(milliseconds, () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
