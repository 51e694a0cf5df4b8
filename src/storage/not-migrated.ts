import { ConfigurationError, TemporarilyUnavailableError } from '../core/errors.js';
import { readError } from './driver-errors/index.js';

/** Codes by which databases report a table or a column that does not exist. */
const CODES = new Set(['ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR', '42P01', '42703']);

/** What to do about pending migrations. */
export const HOW_TO_MIGRATE = 'Run npx rc-oauth2 migrate, or await oauth2.migrate() before the server listens.';

/** Whether a statement of this package met a table or a column that does not exist. */
export function isNotMigrated(error: unknown): boolean {
  const read = readError(error);
  if (read === undefined) return false;
  return CODES.has(read.code) || (read.code === 'SQLITE_ERROR' && /no such (table|column):/.test(read.message));
}

/** The 503 for a database without the tables; the log line names the command. */
export function notMigrated(reason: string): TemporarilyUnavailableError {
  const detail = `The database is not migrated (${reason}). ${HOW_TO_MIGRATE}`;
  return new TemporarilyUnavailableError({ part: 'migrations', detail, cause: new ConfigurationError(detail) });
}
