import type { Knex } from 'knex';
import { acquiringClient } from './acquiring-client.js';
import { boundedClient } from './bounded-client.js';
import type { Bounds } from './bounds.js';
import type { KnexClient } from './knex-client.js';

const EVENTS = ['start', 'query', 'query-error', 'query-response'] as const;

/** By each bounded instance, the one without deadlines for statements. */
const unbounded = new WeakMap<Knex, Knex>();
/** By each instance, the faces that were made of it, by deadline: who asks again gets the same, with its listeners. */
const made = new WeakMap<Knex, Map<number, Faces>>();

/** Two faces of one database, on its pool. */
export interface Faces {
  /** Waits for connections in bounded time; its statements take the time that they take. */
  readonly source: Knex;
  /** Its statements have a deadline too. */
  readonly statements: Knex;
}

/** What else stands before the database, between the two faces. */
export type Between = (knex: Knex) => Knex;

/** Makes the faces of an instance, which stays as it is. */
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

/** By an instance of the host, what its user store asks through, by deadline. */
const ofUserStores = new WeakMap<Knex, Map<number, Knex>>();

/** The same database with a deadline for statements and nothing else: for the host's own tables. */
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

/** Passes the events of statements on to the listeners of a face that stands for the instance. */
export function forwardEvents(from: Knex, face: Knex): void {
  for (const event of EVENTS) from.on(event, (...values: unknown[]) => (face as Emitter).emit(event, ...values));
}

/**
 * The instance without deadlines for statements: for migrations alone. To change a large table takes the time that it
 * takes, and MySQL would not undo it half-way.
 */
export function withoutDeadline(knex: Knex): Knex {
  return unbounded.get(knex) ?? knex;
}

type Emitter = Knex & { emit(event: string, ...values: unknown[]): boolean };
