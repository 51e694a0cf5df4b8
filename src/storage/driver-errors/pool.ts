import type { ErrorKind, ReadError } from './error-kind.js';

/** Errors without a code that knex, its pool and the drivers raise themselves. */
const MESSAGES =
  /^(Knex: Timeout acquiring a connection|Unable to acquire a connection|aborted$|timeout expired$|timeout exceeded when trying to connect|Query read timeout|Connection terminated|Connection lost|Connection ended unexpectedly|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end|The server does not support SSL connections|There was an error establishing an SSL connection|Can't add new command|The database connection is not open|Pool is closed|No connections available|Queue limit reached|This socket has been ended)/;

/** The kind of an error of a pool or of a driver's connection handling; `undefined` for others. */
export function poolKind({ name, message }: ReadError): ErrorKind | undefined {
  if (name === 'KnexTimeoutError' || name === 'TimeoutError') return 'connection';
  return MESSAGES.test(message) ? 'connection' : undefined;
}
