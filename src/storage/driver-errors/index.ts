import { type ErrorKind, type ReadError, readError } from './error-kind.js';
import { mysqlKind } from './mysql.js';
import { networkKind } from './network.js';
import { poolKind } from './pool.js';
import { postgresKind } from './postgres.js';
import { sqliteKind } from './sqlite.js';

export { type ErrorKind, type ReadError, readError, withoutStatement } from './error-kind.js';

/** Kinds of error after which a later attempt makes sense. */
const AWAY: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'connection',
  'refused',
  'contention',
  'read-only',
  'full',
  'limit',
  'timeout',
  'statement',
  'damaged',
]);

/** The kind of an error of a driver, of knex or of the operating system. */
export function kindOfError(error: unknown): ErrorKind {
  const read = readError(error);
  return read === undefined ? 'fault' : kindOfRead(read);
}

/** The same for an error whose properties have been read. */
export function kindOfRead(read: ReadError): ErrorKind {
  return (
    networkKind(read) ??
    mysqlKind(read) ??
    postgresKind(read) ??
    sqliteKind(read) ??
    poolKind(read) ??
    (read.fatal ? 'connection' : 'fault')
  );
}

/** Whether an error of this kind means that the database is unavailable; otherwise it is a fault, or an answer. */
export function isAway(kind: ErrorKind): boolean {
  return AWAY.has(kind);
}
