import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { refuseOption } from '../core/options/index.js';
import { TLS_PARAMETERS, type TlsParameters, tlsOf, verifiesAuthority } from './connections/tls.js';
import { pathOf, UrlParameters } from './connections/url-parameters.js';

/** How long connecting may take, in milliseconds, before the database counts as unavailable. */
const CONNECT_TIMEOUT_MILLISECONDS = 5_000;

/** A scheme has at least two characters, so that `C:\data.sqlite` is a path. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

const FORMS = 'mysql://, mariadb://, postgres://, postgresql://, sqlite:path, file:path, :memory: or a file path';

/**
 * Converts a database URL to a knex configuration.
 *
 * @throws ConfigurationError if the URL cannot be parsed; the message never contains a password
 */
export function configOfUrl(url: string): Knex.Config {
  const scheme = SCHEME.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'mysql':
    case 'mariadb':
      return mysqlConfig(url);
    case 'postgres':
    case 'postgresql':
      return postgresConfig(url);
    case 'sqlite':
    case 'file':
      return sqliteConfig(sqlitePath(url, scheme));
    case undefined:
      return sqliteConfig(url);
    default:
      return refuseOption('database', url, `its scheme is not known; use ${FORMS}`);
  }
}

function sqliteConfig(filename: string): Knex.Config {
  return { client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true };
}

function sqlitePath(url: string, scheme: string): string {
  const rest = url.slice(scheme.length + 1);
  if (rest.includes('?')) {
    refuseOption(
      'database',
      url,
      'an SQLite URL takes no parameters; pass a knex configuration for what they should do',
    );
  }
  if (scheme === 'file' && rest.startsWith('//')) {
    try {
      return fileURLToPath(url);
    } catch {
      refuseOption('database', url, 'it is not a file URL; use file:///absolute/path or file:relative/path');
    }
  }
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '') refuseOption('database', url, `it contains no file; use ${scheme}:path or :memory:`);
  return path;
}

function parseServerUrl(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    refuseOption(
      'database',
      url,
      'it is not a URL; use scheme://user:password@host:port/database, with special characters percent-encoded',
    );
  }
  if (!/^[A-Za-z]+:\/\//.test(url)) {
    refuseOption('database', url, 'it needs two slashes after the scheme');
  }
  if (parsed.pathname.length < 2) {
    refuseOption('database', url, 'it contains no database; add it as the path, e.g. /shop');
  }
  return parsed;
}

/** Parameters of both servers: the size of the pool, and how long to wait for a free and for a new connection. */
const POOL_PARAMETERS = ['pool', 'acquire-timeout', 'connect-timeout'] as const;

const LARGEST_POOL = 1_000;

const MYSQL_PARAMETERS = [...TLS_PARAMETERS, ...POOL_PARAMETERS, 'charset', 'socket-path', 'ssl'];

function mysqlConfig(url: string): Knex.Config {
  const parsed = parseServerUrl(url);
  const parameters = new UrlParameters(parsed.searchParams, MYSQL_PARAMETERS);
  parameters.choice('charset', ['utf8mb4']);
  const connection: Knex.MySql2ConnectionConfig = {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    user: decoded(parsed.username, url),
    password: decoded(parsed.password, url),
    database: decoded(parsed.pathname.slice(1), url),
    charset: 'utf8mb4',
    connectTimeout: parameters.seconds('connect-timeout') ?? CONNECT_TIMEOUT_MILLISECONDS,
  };
  const socketPath = parameters.text('socket-path');
  if (socketPath !== undefined) connection.socketPath = socketPath;
  const ssl = mysqlTls(parameters, connection.host ?? '');
  if (ssl !== undefined) connection.ssl = ssl;
  return { client: 'mysql2', connection, ...poolOf(parameters) };
}

type MysqlTls = Knex.MySql2ConnectionConfig['ssl'];

function mysqlTls(parameters: UrlParameters, host: string): MysqlTls | undefined {
  const tls = tlsOf(parameters);
  const ssl = parameters.text('ssl');
  if (tls !== undefined) refuseBeside(parameters);
  if (ssl !== undefined) return sslOption(ssl);
  if (tls === undefined || tls.mode === 'disabled') return undefined;
  const { mode, ca, cert, key } = tls;
  if (mode === 'verify-identity' && isIP(host) !== 0) {
    refuseOption(
      pathOf('ssl-mode'),
      mode,
      "the driver compares certificates only with names, and the host is an address; write the server's name, or use verify-ca",
      { near: [mode] },
    );
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: verifiesAuthority(tls),
    // mysql2's option for it; by default it only checks the authority.
    verifyIdentity: mode === 'verify-identity',
  } as MysqlTls;
}

function refuseBeside(parameters: UrlParameters): void {
  const ssl = parameters.text('ssl');
  if (ssl === undefined) return;
  refuseOption(pathOf('ssl'), ssl, 'ssl-mode or a certificate is given too; omit ssl');
}

function sslOption(value: string): MysqlTls {
  if (value === 'true') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as MysqlTls;
  } catch {
    // Falls through to the refusal.
  }
  refuseOption(pathOf('ssl'), value, 'use ssl-mode, or ssl=true, or a JSON object of TLS options');
}

/** The parameters that the driver itself reads from the URL. */
const PG_OWN_PARAMETERS = [
  'ssl',
  'host',
  'port',
  'user',
  'password',
  'application_name',
  'fallback_application_name',
  'options',
  'statement_timeout',
  'query_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
];

const PG_PARAMETERS = [...TLS_PARAMETERS, ...POOL_PARAMETERS, 'client-encoding', ...PG_OWN_PARAMETERS];

function postgresConfig(url: string): Knex.Config {
  const parsed = parseServerUrl(url);
  const search = new URLSearchParams();
  for (const [name, value] of parsed.searchParams) {
    search.append(name.replace(/^ssl[-_]?root[-_]?cert$/i, 'ssl-ca'), value);
  }
  const parameters = new UrlParameters(search, PG_PARAMETERS);
  parameters.choice('client-encoding', ['utf8', 'utf-8']);
  const tls = tlsOf(parameters);
  if (tls !== undefined) refuseBeside(parameters);
  const own = new URL(url);
  own.search = new URLSearchParams(parameters.given(PG_OWN_PARAMETERS)).toString();
  const connection: Knex.PgConnectionConfig = {
    connectionString: own.search === parsed.search ? url : own.href,
    connectionTimeoutMillis: parameters.seconds('connect-timeout') ?? CONNECT_TIMEOUT_MILLISECONDS,
    keepAlive: true,
  };
  if (tls !== undefined) connection.ssl = postgresTls(tls);
  return { client: 'pg', connection, ...poolOf(parameters) };
}

function postgresTls(tls: TlsParameters): Knex.PgConnectionConfig['ssl'] {
  const { mode, ca, cert, key } = tls;
  if (mode === 'disabled') return false;
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    rejectUnauthorized: verifiesAuthority(tls),
    ...(mode !== 'verify-identity' && { checkServerIdentity: () => undefined }),
  };
}

function poolOf(parameters: UrlParameters): Pick<Knex.Config, 'pool' | 'acquireConnectionTimeout'> {
  const max = parameters.count('pool', LARGEST_POOL);
  const timeout = parameters.seconds('acquire-timeout');
  return {
    ...(max !== undefined && { pool: { min: 0, max } }),
    ...(timeout !== undefined && { acquireConnectionTimeout: timeout }),
  };
}

function decoded(part: string, url: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuseOption('database', url, 'it has a broken percent-escape');
  }
}
