import { ConfigurationError } from '../../core/errors.js';
import { errorCode } from '../database-errors.js';
import { readError } from '../driver-errors/index.js';

/** Codes by which databases report a missing privilege. */
const CODES = new Set([
  'ER_TABLEACCESS_DENIED_ERROR',
  'ER_COLUMNACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_SPECIFIC_ACCESS_DENIED_ERROR',
  '42501', // insufficient_privilege
]);

/** The privilege that each kind of statement needs on PostgreSQL, whose errors do not name it. */
const POSTGRES_RIGHTS: readonly (readonly [statement: RegExp, right: string])[] = [
  [/^create table/i, 'CREATE on the schema'],
  [/^(alter|drop)|^create (unique )?index/i, 'ownership of the table'],
  [/^insert/i, 'INSERT on the table'],
  [/^update/i, 'UPDATE on the table'],
  [/^delete/i, 'DELETE on the table'],
];

/** Longer statements are truncated; they only have to be recognizable. */
const SHOWN_CHARACTERS = 200;

/** Whether an error means that the database user lacks a privilege for the statement. */
export function isMissingRight(error: unknown): boolean {
  return CODES.has(errorCode(error)) || errorCode(error).startsWith('SQLITE_READONLY');
}

/** The error of a migration whose user lacks a privilege: names the privilege, the statement and the fix. */
export function missingRight(error: unknown, statement: string): ConfigurationError {
  const reason = readError(error)?.message ?? '';
  const shown = statement.length > SHOWN_CHARACTERS ? `${statement.slice(0, SHOWN_CHARACTERS)}…` : statement;
  return new ConfigurationError(
    `The database user lacks a privilege that the migration needs (${rightOf(error, reason, statement)}): ${reason}, at the statement: ${shown}. Grant it, or migrate as a user that has it; the migration continues where it stopped.`,
    { cause: error },
  );
}

function rightOf(error: unknown, reason: string, statement: string): string {
  if (errorCode(error).startsWith('SQLITE_READONLY')) return 'writing to the file and its folder';
  const denied = /\b([A-Z][A-Z ]*?) command denied/.exec(reason)?.[1];
  if (denied !== undefined) return denied;
  const right = POSTGRES_RIGHTS.find(([pattern]) => pattern.test(statement))?.[1];
  return right ?? statement.split(' ', 2).join(' ').toUpperCase();
}
