import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { ConfigurationError } from '../core/errors.js';

/** How long a connection may take, in milliseconds, before the database counts as away. */
const CONNECT_TIMEOUT_MILLISECONDS = 5_000;

/** A scheme of two characters or more, so that `C:\data.sqlite` stays a path. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):/;

const FORMS = 'mysql://, mariadb://, postgres://, postgresql://, sqlite:path, file:path, :memory: or a file path';

/**
 * The knex configuration that a database URL stands for.
 *
 * @throws ConfigurationError if the URL cannot be read; the message never shows a password
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
      throw new ConfigurationError(`database: "${redactUrl(url)}" has an unknown scheme; use ${FORMS}.`);
  }
}

/** The URL without its password, as it may be shown. */
export function redactUrl(url: string): string {
  return url.replace(/^([^:/?#]+:\/\/[^:/?#@]*):.*@/, '$1:***@').replace(/(password=)[^&]*/gi, '$1***');
}

function sqliteConfig(filename: string): Knex.Config {
  return { client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true };
}

function sqlitePath(url: string, scheme: string): string {
  const rest = url.slice(scheme.length + 1);
  if (rest.includes('?')) {
    throw new ConfigurationError(
      `database: "${url}" has parameters; an SQLite URL takes none, pass a knex configuration.`,
    );
  }
  if (scheme === 'file' && rest.startsWith('//')) {
    try {
      return fileURLToPath(url);
    } catch {
      throw new ConfigurationError(
        `database: "${url}" is not a file URL; use file:///absolute/path or file:relative/path.`,
      );
    }
  }
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '') throw new ConfigurationError(`database: "${url}" names no file; use ${scheme}:path or :memory:.`);
  return path;
}

function parseServerUrl(url: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new ConfigurationError(
      `database: "${redactUrl(url)}" is not a URL; use scheme://user:password@host:port/database, special characters percent-encoded.`,
    );
  }
  if (!/^[A-Za-z]+:\/\//.test(url)) {
    throw new ConfigurationError(`database: "${redactUrl(url)}" needs two slashes after the scheme.`);
  }
  if (parsed.pathname.length < 2) {
    throw new ConfigurationError(`database: "${redactUrl(url)}" names no database; add it as the path, e.g. /shop.`);
  }
  return parsed;
}

function mysqlConfig(url: string): Knex.Config {
  const parsed = parseServerUrl(url);
  const connection: Knex.MySql2ConnectionConfig = {
    host: parsed.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: parsed.port === '' ? 3306 : Number(parsed.port),
    user: decoded(parsed.username, url),
    password: decoded(parsed.password, url),
    database: decoded(parsed.pathname.slice(1), url),
    charset: 'utf8mb4',
    connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
  };
  for (const [name, value] of parsed.searchParams) {
    if (name === 'ssl') connection.ssl = sslOption(value, url);
    else if (name === 'socketPath') connection.socketPath = value;
    else {
      throw new ConfigurationError(
        `database: "${redactUrl(url)}" has the unknown parameter "${name}"; use ssl or socketPath, or pass a knex configuration.`,
      );
    }
  }
  return { client: 'mysql2', connection };
}

function sslOption(value: string, url: string): Knex.MySql2ConnectionConfig['ssl'] {
  if (value === 'true') return {};
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Knex.MySql2ConnectionConfig['ssl'];
  } catch {
    // Falls through to the refusal.
  }
  throw new ConfigurationError(
    `database: "${redactUrl(url)}": ssl is ${JSON.stringify(value)}; use ssl=true or a JSON object of TLS options.`,
  );
}

function postgresConfig(url: string): Knex.Config {
  parseServerUrl(url);
  const connection: Knex.PgConnectionConfig = {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
    keepAlive: true,
  };
  return { client: 'pg', connection };
}

function decoded(part: string, url: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ConfigurationError(`database: "${redactUrl(url)}" has a broken percent-escape.`);
  }
}
