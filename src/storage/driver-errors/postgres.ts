import { decided, type ErrorKind, type ReadError, type Verdict } from './error-kind.js';

/** "cached plan must not change result type"; other unsupported features are mistakes. */
const ifPlanIsStale = ({ routine, message }: ReadError): ErrorKind =>
  routine === 'RevalidateCachedQuery' || message.includes('cached plan must not change result type')
    ? 'statement'
    : 'fault';

/** Errors of PostgreSQL by SQLSTATE, or by its class (the first two characters). */
const TABLE: Readonly<Record<string, Verdict>> = {
  '08': 'connection', // connection exception; PgBouncer's own errors too
  '0A000': ifPlanIsStale,
  '23503': 'missing-reference', // foreign_key_violation
  '23505': 'duplicate', // unique_violation
  '25006': 'read-only', // read_only_sql_transaction
  '25P03': 'connection', // idle_in_transaction_session_timeout
  '25P04': 'timeout', // transaction_timeout
  '26000': 'statement', // invalid_sql_statement_name
  '28': 'refused', // invalid authorization, wrong password
  '3D000': 'refused', // no such database
  '40001': 'contention', // serialization_failure
  '40003': 'connection', // statement_completion_unknown
  '40P01': 'contention', // deadlock_detected
  '42P05': 'statement', // duplicate_prepared_statement
  '53': 'limit', // insufficient resources: connections, memory
  '53100': 'full', // disk_full
  '55006': 'contention', // object_in_use
  '55P03': 'contention', // lock_not_available
  '57014': 'timeout', // query_canceled, also by statement_timeout
  '57P': 'connection', // shutdown, crash, not yet started, idle too long
  '58': 'limit', // system error: the server's disk or operating system failed
  XX001: 'damaged', // data_corrupted
  XX002: 'damaged', // index_corrupted
};

/** Five characters, the first of which never begins a system error code. */
const SQLSTATE = /^[0-9HPFX][0-9A-Z]{4}$/;

/** The kind of an error of `pg`; `undefined` for another driver. */
export function postgresKind(error: ReadError): ErrorKind | undefined {
  const { code, fatal } = error;
  if (!SQLSTATE.test(code)) return undefined;
  for (const length of [5, 3, 2]) {
    const key = code.slice(0, length);
    if (Object.hasOwn(TABLE, key)) return decided(TABLE[key], error);
  }
  return fatal ? 'connection' : 'fault';
}
