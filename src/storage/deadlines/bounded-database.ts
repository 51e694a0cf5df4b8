import type { Knex } from 'knex';
import { type Logger, silentLogger } from '../../core/logger.js';
import { type Between, boundedFaces, type Faces, forwardEvents } from './bounded-knex.js';
import type { Bounds } from './bounds.js';
import { breakerOf } from './connection-breaker.js';
import type { KnexClient } from './knex-client.js';
import { OwnConnections } from './own-connections.js';
import { timeLimit } from './time-limit.js';

/**
 * After this many milliseconds without an answer a statement is given up, unless an option says otherwise. A healthy
 * database answers in a hundredth of it, and a lost packet is repeated well within it; it is shorter than the time-outs
 * of gateways and clients (mostly 10 to 60 seconds), so that the caller gets this package's 503 rather than their 504.
 */
export const DEFAULT_DEADLINE_MILLISECONDS = 5_000;

/** How long `close` waits for statements in progress, in milliseconds. */
const CLOSE_PATIENCE_MILLISECONDS = 3_000;
/** How long it waits for confirmation that cut connections are closed. */
const CUT_PATIENCE_MILLISECONDS = 1_000;

/** A database with its time limits. */
export interface BoundedDatabase extends Faces {
  readonly deadlineMilliseconds: number;
  /** Closes what was opened here, in limited time, whatever the database does. The host's own connections stay open. */
  close(): Promise<void>;
}

const known = new WeakMap<object, BoundedDatabase>();

/** The time limits of a database from `openDatabase`, or the default ones. */
export function boundsOf(database: { readonly knex: Knex }): BoundedDatabase {
  let bounds = known.get(database);
  if (bounds === undefined) {
    bounds = hostDatabase(database.knex, { deadlineMilliseconds: DEFAULT_DEADLINE_MILLISECONDS, logger: silentLogger });
    known.set(database, bounds);
  }
  return bounds;
}

/** Stores the time limits of a database, to be found by `boundsOf`. */
export function keepBounds<Kept extends object>(database: Kept, bounds: BoundedDatabase): Kept {
  known.set(database, bounds);
  return database;
}

/** The time limits for a knex instance of the host; the host's own statements through it have none. */
export function hostDatabase(knex: Knex, bounds: Bounds, between: Between = same): BoundedDatabase {
  return {
    ...boundedFaces(knex, bounds, between),
    deadlineMilliseconds: bounds.deadlineMilliseconds,
    close: async () => undefined,
  };
}

/** The time limits for a knex instance that was created here. */
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

/** @throws the error of the work, if it fails in time */
function isSettledWithin(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = timeLimit(milliseconds, () => resolve(false));
    work.then(() => resolve(true), reject).finally(cancel);
  });
}
