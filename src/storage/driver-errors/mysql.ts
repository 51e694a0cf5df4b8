import { decided, type ErrorKind, type ReadError, type Verdict } from './error-kind.js';

/** The server names the option that forbids the statement in every language: `--read-only`, `--super-read-only`. */
const ifReadOnlyOption = ({ message }: ReadError): ErrorKind => (/read[-_]only/i.test(message) ? 'read-only' : 'fault');

/** The server includes the number of the system error: 28 is ENOSPC, 122 EDQUOT, 30 EROFS. */
function bySystemError({ message }: ReadError): ErrorKind {
  const number = /\b(?:errno:?|error:?)\s*(\d+)/i.exec(message)?.[1];
  if (number === '28' || number === '122') return 'full';
  return number === '30' ? 'read-only' : 'fault';
}

/** The error of a node that is not (or no longer) part of its Galera cluster. */
const ifNotInCluster = ({ message }: ReadError): ErrorKind => (/WSREP/i.test(message) ? 'connection' : 'fault');

/** Errors of MySQL and MariaDB servers, and of the drivers `mysql2` and `mysql`: number (0: none), name, kind. */
const TABLE: readonly (readonly [errno: number, name: string, verdict: Verdict])[] = [
  [0, 'PROTOCOL_CONNECTION_LOST', 'connection'],
  [0, 'PROTOCOL_SEQUENCE_TIMEOUT', 'connection'],
  [0, 'PROTOCOL_PACKETS_OUT_OF_ORDER', 'connection'],
  [0, 'PROTOCOL_UNEXPECTED_PACKET', 'connection'],
  [0, 'PROTOCOL_ERROR', 'connection'],
  [0, 'HANDSHAKE_NO_SSL_SUPPORT', 'connection'],
  [0, 'HANDSHAKE_SSL_ERROR', 'connection'],
  [0, 'HANDSHAKE_UNKNOWN_ERROR', 'connection'],
  [0, 'POOL_CLOSED', 'connection'],
  [0, 'POOL_CONNLIMIT', 'limit'],
  [0, 'POOL_ENQUEUELIMIT', 'limit'],
  [0, 'POOL_NONEONLINE', 'connection'],
  [1015, 'ER_CANT_LOCK', 'limit'],
  [1020, 'ER_CHECKREAD', 'contention'], // MariaDB: the row was changed since the snapshot of this transaction
  [1021, 'ER_DISK_FULL', 'full'],
  [1026, 'ER_ERROR_ON_WRITE', bySystemError],
  [1030, 'ER_GET_ERRNO', bySystemError],
  [1036, 'ER_OPEN_AS_READONLY', 'read-only'],
  [1037, 'ER_OUTOFMEMORY', 'limit'],
  [1038, 'ER_OUT_OF_SORTMEMORY', 'limit'],
  [1040, 'ER_CON_COUNT_ERROR', 'limit'],
  [1041, 'ER_OUT_OF_RESOURCES', 'limit'],
  [1042, 'ER_BAD_HOST_ERROR', 'refused'],
  [1043, 'ER_HANDSHAKE_ERROR', 'connection'],
  [1044, 'ER_DBACCESS_DENIED_ERROR', 'refused'],
  [1045, 'ER_ACCESS_DENIED_ERROR', 'refused'],
  [1047, 'ER_UNKNOWN_COM_ERROR', ifNotInCluster],
  [1049, 'ER_BAD_DB_ERROR', 'refused'],
  [1053, 'ER_SERVER_SHUTDOWN', 'connection'],
  [1062, 'ER_DUP_ENTRY', 'duplicate'],
  [1077, 'ER_NORMAL_SHUTDOWN', 'connection'],
  [1079, 'ER_SHUTDOWN_COMPLETE', 'connection'],
  [1114, 'ER_RECORD_FILE_FULL', 'full'],
  [1129, 'ER_HOST_IS_BLOCKED', 'refused'],
  [1130, 'ER_HOST_NOT_PRIVILEGED', 'refused'],
  [1135, 'ER_CANT_CREATE_THREAD', 'limit'],
  [1152, 'ER_ABORTING_CONNECTION', 'connection'],
  [1158, 'ER_NET_READ_ERROR', 'connection'],
  [1159, 'ER_NET_READ_INTERRUPTED', 'connection'],
  [1160, 'ER_NET_ERROR_ON_WRITE', 'connection'],
  [1161, 'ER_NET_WRITE_INTERRUPTED', 'connection'],
  [1184, 'ER_NEW_ABORTING_CONNECTION', 'connection'],
  [1194, 'ER_CRASHED_ON_USAGE', 'damaged'],
  [1195, 'ER_CRASHED_ON_REPAIR', 'damaged'],
  [1197, 'ER_TRANS_CACHE_FULL', 'limit'],
  [1203, 'ER_TOO_MANY_USER_CONNECTIONS', 'limit'],
  [1205, 'ER_LOCK_WAIT_TIMEOUT', 'contention'],
  [1206, 'ER_LOCK_TABLE_FULL', 'limit'],
  [1207, 'ER_READ_ONLY_TRANSACTION', 'read-only'],
  [1210, 'ER_WRONG_ARGUMENTS', ({ message }) => (/mysqld_stmt_execute/i.test(message) ? 'statement' : 'fault')],
  [1213, 'ER_LOCK_DEADLOCK', 'contention'],
  [1226, 'ER_USER_LIMIT_REACHED', 'limit'],
  [1243, 'ER_UNKNOWN_STMT_HANDLER', 'statement'],
  [1251, 'ER_NOT_SUPPORTED_AUTH_MODE', 'refused'],
  [1290, 'ER_OPTION_PREVENTS_STATEMENT', ifReadOnlyOption],
  [1295, 'ER_UNSUPPORTED_PS', 'statement'],
  [1317, 'ER_QUERY_INTERRUPTED', 'timeout'],
  [1412, 'ER_TABLE_DEF_CHANGED', 'contention'],
  [1452, 'ER_NO_REFERENCED_ROW_2', 'missing-reference'],
  [1461, 'ER_MAX_PREPARED_STMT_COUNT_REACHED', 'statement'],
  [1615, 'ER_NEED_REPREPARE', 'statement'],
  [1637, 'ER_TOO_MANY_CONCURRENT_TRXS', 'limit'],
  [1698, 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR', 'refused'],
  [1792, 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION', 'read-only'],
  [1820, 'ER_MUST_CHANGE_PASSWORD', 'refused'],
  [1836, 'ER_READ_ONLY_MODE', 'read-only'],
  [1862, 'ER_MUST_CHANGE_PASSWORD_LOGIN', 'refused'],
  [1874, 'ER_INNODB_READ_ONLY', 'read-only'],
  [1881, 'ER_INNODB_FORCED_RECOVERY', 'read-only'],
  [1927, 'ER_CONNECTION_KILLED', 'connection'], // MariaDB
  [1969, 'ER_STATEMENT_TIMEOUT', 'timeout'], // MariaDB
  [3024, 'ER_QUERY_TIMEOUT', 'timeout'],
  [3032, 'ER_SERVER_OFFLINE_MODE', 'connection'],
  [3118, 'ER_ACCOUNT_HAS_BEEN_LOCKED', 'refused'],
  [3572, 'ER_LOCK_NOWAIT', 'contention'],
  [4031, 'ER_CLIENT_INTERACTION_TIMEOUT', 'connection'],
];

const BY_NUMBER = new Map(TABLE.map(([errno, , verdict]) => [errno, verdict]));
const BY_NAME = new Map(TABLE.map(([, name, verdict]) => [name, verdict]));
BY_NUMBER.delete(0);

/** The kind by the class of an SQLSTATE, for errors that are not in the table (those of a proxy, for example). */
const BY_CLASS: Readonly<Record<string, ErrorKind>> = { '08': 'connection', '28': 'refused', '40': 'contention' };

/** The kind of an error of `mysql2` or `mysql`; `undefined` for another driver. */
export function mysqlKind(error: ReadError): ErrorKind | undefined {
  const { code, errno, sqlState } = error;
  // MariaDB and MySQL have different names for some numbers, and the driver uses those of MySQL.
  const isServers = sqlState !== '' || code.startsWith('ER_');
  if (isServers && errno !== undefined && BY_NUMBER.has(errno)) return decided(BY_NUMBER.get(errno), error);
  if (BY_NAME.has(code)) return decided(BY_NAME.get(code), error);
  return isServers ? (BY_CLASS[sqlState.slice(0, 2)] ?? (error.fatal ? 'connection' : 'fault')) : undefined;
}
