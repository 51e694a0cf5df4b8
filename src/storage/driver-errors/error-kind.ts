/**
 * What a driver's error says. All but the last three mean that the database is away or cannot serve now, so that a later
 * try makes sense; the last three are answers of a database that works.
 */
export type ErrorKind =
  /** The connection is gone or cannot be had; a statement that was under way may have run or not. */
  | 'connection'
  /** The server lets nobody in with these credentials, or has no such database. */
  | 'refused'
  /** Another writer was in the way; the transaction was undone and may be run again. */
  | 'contention'
  /** The database takes no writes: a replica, a failover under way, a file without write permission. */
  | 'read-only'
  /** Disk, table or quota is full. */
  | 'full'
  /** A limit of the server is reached: connections, memory, open files. */
  | 'limit'
  /** The statement took longer than it may. */
  | 'timeout'
  /** A prepared statement cannot be used on this connection; the same statement without a name can. */
  | 'statement'
  /** What is stored cannot be read: a damaged file, or none of a database. */
  | 'damaged'
  /** A row with the same unique value is there. */
  | 'duplicate'
  /** A row refers to another one that is not there. */
  | 'missing-reference'
  /** Everything else: a mistake in the statement, in the schema or in the code. */
  | 'fault';

/** What an error looks like, whatever its class: it may come from another realm (worker, vm, test runner). */
export interface ReadError {
  readonly name: string;
  readonly message: string;
  /** The code as a text; empty if there is none. */
  readonly code: string;
  /** The number of a MySQL error; of errors of the system, theirs. */
  readonly errno: number | undefined;
  readonly sqlState: string;
  /** Which function of the operating system failed. */
  readonly syscall: string;
  /** Which function of PostgreSQL raised the error; unlike the message it is never translated. */
  readonly routine: string;
  /** Whether the driver gave the connection up. */
  readonly fatal: boolean;
}

/** The kind of an error, or a function where the code alone does not tell. */
export type Verdict = ErrorKind | ((error: ReadError) => ErrorKind);

/** Looks an error's verdict up. */
export function decided(verdict: Verdict | undefined, error: ReadError): ErrorKind | undefined {
  return typeof verdict === 'function' ? verdict(error) : verdict;
}

/** How statements begin that knex puts before the reason of an error. */
const STATEMENT =
  /^\s*(select|insert|update|delete|replace|create|alter|drop|pragma|begin|commit|rollback|savepoint|release|set|show|lock|with)\b.* - /is;

/** The reason alone: knex puts the statement before it, with its values, which are nobody's business. */
export function withoutStatement(message: string): string {
  return message.replace(STATEMENT, '');
}

/**
 * Reads the properties of an error. Objection wraps some of the drivers' errors and keeps the code on `nativeError`
 * only; where several addresses were tried, the error of the first one says why.
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
