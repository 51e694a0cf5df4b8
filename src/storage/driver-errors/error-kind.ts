/**
 * The meaning of a driver's error. All but the last three mean that the database is unavailable, so that a later
 * attempt makes sense; the last three are answers of a working database.
 */
export type ErrorKind =
  /** The connection is lost or cannot be opened; a statement in progress may or may not have been executed. */
  | 'connection'
  /** The server accepts nobody with these credentials, or has no such database. */
  | 'refused'
  /** A conflict with another writer; the transaction was rolled back and may be repeated. */
  | 'contention'
  /** The database accepts no writes: a replica, a failover in progress, a file without write permission. */
  | 'read-only'
  /** Disk, table or quota is full. */
  | 'full'
  /** A limit of the server is reached: connections, memory, open files. */
  | 'limit'
  /** The statement took longer than it may. */
  | 'timeout'
  /** A prepared statement cannot be used on this connection; the same statement without a name can. */
  | 'statement'
  /** Stored data cannot be read: the file is damaged, or is not a database. */
  | 'damaged'
  /** A row with the same unique value exists. */
  | 'duplicate'
  /** A row refers to another one that does not exist. */
  | 'missing-reference'
  /** Anything else: a mistake in the statement, the schema or the code. */
  | 'fault';

/** The properties of an error, whatever its class: it may come from another realm (worker, vm, test runner). */
export interface ReadError {
  readonly name: string;
  readonly message: string;
  /** The code as a string; empty if there is none. */
  readonly code: string;
  /** The number of a MySQL error or a system error. */
  readonly errno: number | undefined;
  readonly sqlState: string;
  /** The system call that failed. */
  readonly syscall: string;
  /** The function of PostgreSQL that raised the error; unlike the message it is never translated. */
  readonly routine: string;
  /** Whether the driver gave up the connection. */
  readonly fatal: boolean;
}

/** The kind of an error, or a function if the code alone is not sufficient. */
export type Verdict = ErrorKind | ((error: ReadError) => ErrorKind);

/** Determines the kind of an error. */
export function decided(verdict: Verdict | undefined, error: ReadError): ErrorKind | undefined {
  return typeof verdict === 'function' ? verdict(error) : verdict;
}

/** How statements begin that knex prepends to the message of an error. */
const STATEMENT =
  /^\s*(select|insert|update|delete|replace|create|alter|drop|pragma|begin|commit|rollback|savepoint|release|set|show|lock|with)\b.* - /is;

/** The message alone: knex prepends the statement with its values, which must not be logged. */
export function withoutStatement(message: string): string {
  return message.replace(STATEMENT, '');
}

/**
 * Reads the properties of an error. Objection wraps some of the drivers' errors and keeps the code only on
 * `nativeError`; if several addresses were tried, the first error is used.
 */
export function readError(error: unknown): ReadError | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const properties = error as { readonly [name: string]: unknown };
  const { nativeError } = properties;
  if (nativeError !== undefined && nativeError !== error) return readError(nativeError);
  const { errno, severity, errors, code } = properties;
  if (code === undefined && Array.isArray(errors) && errors.length > 0) return readError(errors[0]);
  return {
    name: textOf(properties.name),
    message: textOf(properties.sqlMessage) || withoutStatement(textOf(properties.message)),
    code: textOf(code),
    errno: typeof errno === 'number' ? errno : undefined,
    sqlState: textOf(properties.sqlState),
    syscall: textOf(properties.syscall),
    routine: textOf(properties.routine),
    fatal: properties.fatal === true || severity === 'FATAL' || severity === 'PANIC',
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
