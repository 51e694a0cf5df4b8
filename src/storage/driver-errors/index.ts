import { type ErrorKind, type ReadError, readError } from './error-kind.js';
import { mysqlKind } from './mysql.js';
import { networkKind } from './network.js';
import { poolKind } from './pool.js';
import { postgresKind } from './postgres.js';
import { sqliteKind } from './sqlite.js';

export { type ErrorKind, type ReadError, readError, withoutStatement } from './error-kind.js';

/** Kinds of error after which a later try makes sense. */
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

/** What an error of a driver, of knex or of the operating system means. */
export function kindOfError(error: unknown): ErrorKind {
  const read = readError(error);
  return read === undefined ? 'fault' : kindOfRead(read);
}

/** The same for an error that was read. */
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

/** Whether an error of this kind means "away, try later"; else it is a fault, or an answer. */
export function isAway(kind: ErrorKind): boolean {
  return AWAY.has(kind);
}
