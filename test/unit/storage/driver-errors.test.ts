import { describe, expect, test } from '@jest/globals';
import { type ErrorKind, isAway, kindOfError } from '../../../src/storage/driver-errors/index.js';

function kindOf(properties: Record<string, unknown>): ErrorKind {
  return kindOfError(Object.assign(new Error(String(properties.message ?? 'x')), properties));
}

const server = (errno: number, message = 'x', more: Record<string, unknown> = {}) => ({
  errno,
  sqlState: 'HY000',
  message,
  ...more,
});

describe('[ALL-64] an error of MySQL or MariaDB is sorted by its number', () => {
  const cases: readonly (readonly [Record<string, unknown>, ErrorKind])[] = [
    [server(1290, 'The MariaDB server is running with the --read-only option'), 'read-only'],
    [server(1290, 'The MySQL server is running with the --super-read-only option'), 'read-only'],
    [server(1290, 'The MySQL server is running with the --secure-file-priv option'), 'fault'],
    [server(1836), 'read-only'],
    [server(1792), 'read-only'],
    [server(1036, "Table 't' is read only"), 'read-only'],
    [server(1021), 'full'],
    [server(1114), 'full'],
    [server(1030, 'Got error 28 "No space left on device" from storage engine InnoDB'), 'full'],
    [server(1030, 'Got error 168 from storage engine'), 'fault'],
    [server(1026, "Error writing file 'x' (errno: 28 - No space left on device)"), 'full'],
    [server(1045), 'refused'],
    [server(1044), 'refused'],
    [server(1698), 'refused'],
    [server(1049), 'refused'],
    [server(1040), 'limit'],
    [server(1203), 'limit'],
    [server(1226), 'limit'],
    [server(1461), 'statement'],
    [server(1243), 'statement'],
    [server(1615), 'statement'],
    [server(1295), 'statement'],
    [server(1210, 'Incorrect arguments to mysqld_stmt_execute'), 'statement'],
    [server(1210, 'Incorrect arguments to ESCAPE'), 'fault'],
    [server(1205), 'contention'],
    [server(1213), 'contention'],
    [server(1969), 'timeout'],
    [server(3024), 'timeout'],
    [server(1927), 'connection'],
    [server(1053), 'connection'],
    [server(1047, 'WSREP has not yet prepared node for application use'), 'connection'],
    [server(1047, 'Unknown command'), 'fault'],
    [server(1062), 'duplicate'],
    [server(1452), 'missing-reference'],
    [server(1054), 'fault'],
    [server(1064), 'fault'],
    [server(1142), 'fault'],
    [server(1146), 'fault'],
    [server(9001, 'Max connect timeout reached', { sqlState: '28000' }), 'refused'],
    [server(4999, 'x', { sqlState: '08S01' }), 'connection'],
    [server(4999, 'x', { fatal: true }), 'connection'],
    [{ code: 'PROTOCOL_CONNECTION_LOST' }, 'connection'],
    [{ code: 'PROTOCOL_SEQUENCE_TIMEOUT' }, 'connection'],
    [{ code: 'HANDSHAKE_SSL_ERROR' }, 'connection'],
    [{ code: 'ER_LOCK_DEADLOCK' }, 'contention'],
  ];

  test.each(cases)('%j is "%s"', (properties, kind) => expect(kindOf(properties)).toBe(kind));

  test('a number means nothing where it is not that of the server', () => {
    expect(kindOf({ errno: 1461, code: 'EXAMPLE' })).toBe('fault');
  });
});

describe('[ALL-64] an error of PostgreSQL is sorted by its SQLSTATE', () => {
  const cases: readonly (readonly [Record<string, unknown>, ErrorKind])[] = [
    [{ code: '25006' }, 'read-only'],
    [{ code: '53100' }, 'full'],
    [{ code: '53200' }, 'limit'],
    [{ code: '53300' }, 'limit'],
    [{ code: '53400' }, 'limit'],
    [{ code: '28000' }, 'refused'],
    [{ code: '28P01' }, 'refused'],
    [{ code: '3D000' }, 'refused'],
    [{ code: '26000' }, 'statement'],
    [{ code: '42P05' }, 'statement'],
    [{ code: '0A000', routine: 'RevalidateCachedQuery', message: 'der Plan passt nicht mehr' }, 'statement'],
    [{ code: '0A000', message: 'cached plan must not change result type' }, 'statement'],
    [{ code: '0A000', message: 'FOR UPDATE is not allowed with DISTINCT' }, 'fault'],
    [{ code: '40001' }, 'contention'],
    [{ code: '40P01' }, 'contention'],
    [{ code: '55P03' }, 'contention'],
    [{ code: '57014' }, 'timeout'],
    [{ code: '57P01' }, 'connection'],
    [{ code: '57P05' }, 'connection'],
    [{ code: '08P01' }, 'connection'],
    [{ code: '58030' }, 'limit'],
    [{ code: 'XX001' }, 'damaged'],
    [{ code: 'XX000' }, 'fault'],
    [{ code: 'XX000', severity: 'FATAL' }, 'connection'],
    [{ code: '23505' }, 'duplicate'],
    [{ code: '23503' }, 'missing-reference'],
    [{ code: '42P01' }, 'fault'],
    [{ code: '42501' }, 'fault'],
    [{ code: '22P02' }, 'fault'],
  ];

  test.each(cases)('%j is "%s"', (properties, kind) => expect(kindOf(properties)).toBe(kind));
});

describe('[ALL-64] an error of SQLite is sorted by its code, extended or not', () => {
  const cases: readonly (readonly [string, ErrorKind])[] = [
    ['SQLITE_READONLY', 'read-only'],
    ['SQLITE_READONLY_DBMOVED', 'read-only'],
    ['SQLITE_FULL', 'full'],
    ['SQLITE_BUSY_SNAPSHOT', 'contention'],
    ['SQLITE_LOCKED_SHAREDCACHE', 'contention'],
    ['SQLITE_IOERR_FSYNC', 'connection'],
    ['SQLITE_CANTOPEN_ISDIR', 'connection'],
    ['SQLITE_NOMEM', 'limit'],
    ['SQLITE_CORRUPT_INDEX', 'damaged'],
    ['SQLITE_NOTADB', 'damaged'],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'duplicate'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'duplicate'],
    ['SQLITE_CONSTRAINT_FOREIGNKEY', 'missing-reference'],
    ['SQLITE_CONSTRAINT_NOTNULL', 'fault'],
    ['SQLITE_ERROR', 'fault'],
    ['SQLITE_SCHEMA', 'fault'],
  ];

  test.each(cases)('%s is "%s"', (code, kind) => expect(kindOf({ code })).toBe(kind));
});

describe('[ALL-64] an error of the operating system, of TLS or of a pool is sorted whoever met it', () => {
  const cases: readonly (readonly [Record<string, unknown>, ErrorKind])[] = [
    [{ code: 'ECONNREFUSED', errno: -111, syscall: 'connect' }, 'connection'],
    [{ code: 'EPIPE' }, 'connection'],
    [{ code: 'ENOENT', syscall: 'connect' }, 'connection'],
    [{ code: 'ENOENT', syscall: 'open' }, 'fault'],
    [{ code: 'EMFILE' }, 'limit'],
    [{ code: 'ENOSPC' }, 'full'],
    [{ code: 'EROFS' }, 'read-only'],
    [{ code: 'CERT_HAS_EXPIRED' }, 'connection'],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'connection'],
    [{ code: 'ERR_INVALID_ARG_TYPE' }, 'fault'],
    [{ name: 'KnexTimeoutError' }, 'connection'],
    [{ message: 'Connection terminated unexpectedly' }, 'connection'],
    [{ message: 'select 1 - Connection terminated unexpectedly' }, 'connection'],
    [{ message: 'timeout exceeded when trying to connect' }, 'connection'],
    [{ message: 'Unable to read the configuration' }, 'fault'],
  ];

  test.each(cases)('%j is "%s"', (properties, kind) => expect(kindOf(properties)).toBe(kind));

  test('where several addresses were tried, the first of their errors decides', () => {
    const refused = Object.assign(new Error(''), { code: 'ECONNREFUSED' });
    expect(kindOfError(new AggregateError([refused, new Error('x')]))).toBe('connection');
    expect(kindOfError(new AggregateError([]))).toBe('fault');
  });
});

test('every kind is either "away, try later" or an answer of a database that works', () => {
  const away: ErrorKind[] = [
    'connection',
    'refused',
    'contention',
    'read-only',
    'full',
    'limit',
    'timeout',
    'statement',
    'damaged',
  ];
  const answers: ErrorKind[] = ['duplicate', 'missing-reference', 'fault'];
  expect(away.every(isAway)).toBe(true);
  expect(answers.some(isAway)).toBe(false);
});
