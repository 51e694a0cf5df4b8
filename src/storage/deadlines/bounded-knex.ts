import type { Knex } from 'knex';
import { acquiringClient } from './acquiring-client.js';
import { boundedClient } from './bounded-client.js';
import type { Bounds } from './bounds.js';
import type { KnexClient } from './knex-client.js';

const EVENTS = ['start', 'query', 'query-error', 'query-response'] as const;

/** The instance without deadlines, by each bounded instance. */
const unbounded = new WeakMap<Knex, Knex>();
/** The faces that were created for each instance, by deadline, so that each exists once, with its listeners. */
const made = new WeakMap<Knex, Map<number, Faces>>();

/** Two views of one database, on its pool. */
export interface Faces {
  /** Waits for connections in limited time; its statements have no limit. */
  readonly source: Knex;
  /** Its statements have a deadline too. */
  readonly statements: Knex;
}

/** Adds another layer between the two faces. */
export type Between = (knex: Knex) => Knex;

/** Creates the faces of an instance, which is not changed. */
export function boundedFaces(knex: Knex, bounds: Bounds, between: Between): Faces {
  const source = unbounded.get(knex);
  if (source !== undefined) return { source, statements: knex };
  const ofKnex = made.get(knex) ?? new Map<number, Faces>();
  made.set(knex, ofKnex);
  let faces = ofKnex.get(bounds.deadlineMilliseconds);
  if (faces === undefined) {
    faces = makeFaces(knex, bounds, between);
    ofKnex.set(bounds.deadlineMilliseconds, faces);
  }
  return faces;
}

/** The instances for user stores, by the host's instance and the deadline. */
const ofUserStores = new WeakMap<Knex, Map<number, Knex>>();

/** The same database with a deadline for statements only, for the host's own tables. */
export function boundedStatements(knex: Knex, bounds: Bounds): Knex {
  if (unbounded.has(knex)) return knex;
  const ofKnex = ofUserStores.get(knex) ?? new Map<number, Knex>();
  ofUserStores.set(knex, ofKnex);
  let statements = ofKnex.get(bounds.deadlineMilliseconds);
  if (statements === undefined) {
    statements = makeFaces(knex, bounds, (source) => source).statements;
    ofKnex.set(bounds.deadlineMilliseconds, statements);
  }
  return statements;
}

function makeFaces(knex: Knex, bounds: Bounds, between: Between): Faces {
  const source = between(faceOf(knex, acquiringClient(knex.client as KnexClient, bounds)));
  const statements = faceOf(source, boundedClient(source.client as KnexClient, bounds));
  unbounded.set(statements, source);
  return { source, statements };
}

function faceOf(knex: Knex, client: KnexClient): Knex {
  const face = knex.withUserParams(knex.userParams ?? {});
  face.client = client;
  return face;
}

/** Forwards the events of statements to the listeners of a face. */
export function forwardEvents(from: Knex, face: Knex): void {
  for (const event of EVENTS) from.on(event, (...values: unknown[]) => (face as Emitter).emit(event, ...values));
}

/**
 * The instance without deadlines for statements, only for migrations. Changing a large table takes long, and MySQL
 * would not roll back half of it.
 */
export function withoutDeadline(knex: Knex): Knex {
  return unbounded.get(knex) ?? knex;
}

type Emitter = Knex & { emit(event: string, ...values: unknown[]): boolean };
