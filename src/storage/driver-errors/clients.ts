import type { ErrorKind } from './error-kind.js';

/** Codes of HTTP clients, object mappers and other databases that a host may use for its users. */
const CODES = new Set([
  // undici, which is behind fetch
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_CLOSED',
  'UND_ERR_DESTROYED',
  'UND_ERR_ABORTED',
  'UND_ERR_PRX_TLS',
  // axios, got
  'ERR_NETWORK',
  'ERR_CANCELED',
  'ERR_ABORTED',
  // Node's own aborts and HTTP/2
  'ABORT_ERR',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_GOAWAY_SESSION',
  // Prisma: not reachable, timed out, closed, no connection free, too many
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2037',
  // SQL Server (tedious), Oracle
  'ESOCKET',
  'ETIMEOUT',
  'ECONNCLOSED',
  'NJS-040',
  'NJS-500',
  'NJS-503',
  'NJS-510',
  'NJS-511',
]);

/** Names of errors whose codes are missing or too general. */
const NAMES = new Set([
  'AbortError',
  'TimeoutError',
  'ConnectTimeoutError',
  'MaxRetriesPerRequestError',
  'ClusterAllFailedError',
  'SequelizeConnectionError',
  'SequelizeConnectionRefusedError',
  'SequelizeConnectionTimedOutError',
  'SequelizeConnectionAcquireTimeoutError',
  'SequelizeHostNotFoundError',
  'SequelizeHostNotReachableError',
  'SequelizeAccessDeniedError',
  'SequelizeTimeoutError',
  'PrismaClientInitializationError',
  'PrismaClientRustPanicError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoWaitQueueTimeoutError',
  'MongoPoolClearedError',
  'MongoTopologyClosedError',
  'MongooseServerSelectionError',
  'ConnectionAcquireTimeoutError',
]);

/** Redis: loading, failing over, full, or disconnected. */
const REDIS =
  /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|BUSY|NOREPLICAS|MISCONF) |^Connection is closed\.$/;

/** Statuses by which an HTTP service says that it cannot answer now. */
const STATUSES = new Set([429, 502, 503, 504]);

/** The kind of an error of a client other than this package's own drivers; `undefined` if it is unknown. */
export function clientKind(error: object): ErrorKind | undefined {
  const { code, name, message, response, status, statusCode, httpCode } = error as { readonly [name: string]: unknown };
  if (typeof code === 'string' && CODES.has(code)) return 'connection';
  if (typeof name === 'string' && NAMES.has(name)) return 'connection';
  if (typeof message === 'string' && REDIS.test(message)) return 'connection';
  const own = [status, statusCode, httpCode].find((one) => typeof one === 'number');
  if (own === 502 || own === 503 || own === 504) return 'connection';
  return typeof response === 'object' && response !== null && isAwayStatus(response) ? 'connection' : undefined;
}

/** The response that axios, got and others attach to their errors. */
function isAwayStatus(response: object): boolean {
  const { status, statusCode } = response as { readonly status?: unknown; readonly statusCode?: unknown };
  return STATUSES.has(status as number) || STATUSES.has(statusCode as number);
}
