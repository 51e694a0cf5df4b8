import type { ErrorKind, ReadError } from './error-kind.js';

/** Errors of SQLite, whose codes have extensions: `SQLITE_READONLY_DBMOVED` is also looked up as `SQLITE_READONLY`. */
const TABLE: Readonly<Record<string, ErrorKind>> = {
  SQLITE_AUTH: 'refused',
  SQLITE_BUSY: 'contention',
  SQLITE_CANTOPEN: 'connection',
  SQLITE_CONSTRAINT_FOREIGNKEY: 'missing-reference',
  SQLITE_CONSTRAINT_PRIMARYKEY: 'duplicate',
  SQLITE_CONSTRAINT_UNIQUE: 'duplicate',
  SQLITE_CORRUPT: 'damaged',
  SQLITE_FULL: 'full',
  SQLITE_INTERRUPT: 'timeout',
  SQLITE_IOERR: 'connection',
  SQLITE_LOCKED: 'contention',
  SQLITE_NOLFS: 'full',
  SQLITE_NOMEM: 'limit',
  SQLITE_NOTADB: 'damaged',
  SQLITE_PERM: 'refused',
  SQLITE_PROTOCOL: 'contention',
  SQLITE_READONLY: 'read-only',
};

/** The kind of an error of `better-sqlite3` or `sqlite3`; `undefined` for another driver. */
export function sqliteKind({ code }: ReadError): ErrorKind | undefined {
  if (!code.startsWith('SQLITE_')) return undefined;
  for (let key = code; key !== 'SQLITE'; key = key.slice(0, key.lastIndexOf('_'))) {
    if (Object.hasOwn(TABLE, key)) return TABLE[key];
  }
  return 'fault';
}
