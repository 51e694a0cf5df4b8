import { mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import createKnex, { type Knex } from 'knex';
import { systemClock } from '../core/clock.js';
import { ConfigurationError } from '../core/errors.js';
import { LogLimiter } from '../core/log-limiter.js';
import { type Logger, silentLogger } from '../core/logger.js';
import { describeName, describePath, entriesOption, refuseOption } from '../core/options/index.js';
import { printable } from '../core/printable.js';
import { type PrepareConnection, withBoundValues } from './connections/bound-values.js';
import { checkMysqlSession, type MysqlConnection, setMysqlSession } from './connections/mysql-session.js';
import { configOfUrl } from './database-url.js';
import {
  type BoundedDatabase,
  DEFAULT_DEADLINE_MILLISECONDS,
  hostDatabase,
  keepBounds,
  ownDatabase,
} from './deadlines/index.js';
import type { ConnectionSource } from './statements/connection-source.js';
import { PoolRenewal } from './statements/pool-renewal.js';

/** The SQL dialects that the package supports. MariaDB is `mysql`. */
export type Dialect = 'sqlite' | 'mysql' | 'postgres';

/** An open database. */
export interface Database {
  /**
   * If this package opened it, every statement has a deadline. For a knex instance of the host on MySQL it is a second
   * instance on the same pool, which checks connections and binds strings; otherwise it is the host's instance itself.
   */
  readonly knex: Knex;
  /** Whether this package opened it and has to close it. */
  readonly owned: boolean;
  readonly dialect: Dialect;
}

/** The options of `openDatabase`. */
export interface OpenDatabaseOptions {
  /** Receives knex's warnings; by default they are discarded, since failures are also thrown. */
  readonly logger?: Logger;
  /**
   * After how many milliseconds without an answer a statement is given up, including the wait for a connection; the
   * default is 5000. Migrations have none.
   */
  readonly deadlineMilliseconds?: number;
  /**
   * Whether it is only read: its sessions refuse to write, and an SQLite file is neither created nor changed. For a
   * source that this package opens; default `false`.
   */
  readonly readOnly?: boolean;
}

const DIALECTS: Readonly<Record<string, Dialect>> = {
  'better-sqlite3': 'sqlite',
  sqlite3: 'sqlite',
  mysql: 'mysql',
  mysql2: 'mysql',
  mariadb: 'mysql',
  pg: 'postgres',
  postgres: 'postgres',
  postgresql: 'postgres',
  pgnative: 'postgres',
};

const DRIVERS = Object.keys(DIALECTS);
/** The endings of SQLite file names, which may be shown; other text may be secret. */
const SQLITE_FILE = /\.(?:sqlite3?|db3?)$/i;

/**
 * How long SQLite waits for another process to finish writing, in milliseconds. It blocks inside the call, and this
 * process does nothing else meanwhile, so it must be short.
 */
const SQLITE_BUSY_TIMEOUT_MILLISECONDS = 2_000;

/**
 * MySQL: how many statements stay prepared on a connection, the most recently used ones. By default a server keeps
 * 16,382 for all its connections, and the driver would keep nearly as many on each.
 */
const PREPARED_PER_CONNECTION = 100;

/**
 * Opens a database, or uses one that the host has opened.
 *
 * @param source a URL (`mysql://`, `mariadb://`, `postgres://`, `postgresql://`, `sqlite:path`, `file:path`,
 *   `:memory:`; anything without a scheme is the path of an SQLite file, whose folder is created), a knex
 *   configuration, or a knex instance. Only a knex instance is closed by the host itself.
 * @throws ConfigurationError if the source cannot be parsed, its driver is not installed, or its kind is not supported
 */
export function openDatabase(source: string | Knex | Knex.Config, options: OpenDatabaseOptions = {}): Database {
  const { logger = silentLogger, deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS, readOnly = false } = options;
  const bounds = { logger, deadlineMilliseconds };
  if (typeof source === 'function') {
    const dialect = dialectOf(source);
    const host = hostDatabase(source, bounds, bindingOn(dialect, checking(logger)));
    return opened(dialect === 'mysql' ? host.source : source, false, host);
  }
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null)) {
    refuseOption('database', source, 'pass a URL, the path of an SQLite file, a knex configuration or a knex instance');
  }
  if (source === '') refuseOption('database', source, 'it is empty; pass a URL or the path of an SQLite file');
  const given = typeof source === 'string' ? configOfUrl(source) : copyOf(source);
  const config = completed(readOnly ? readingOnly(given) : given, logger, deadlineMilliseconds);
  const knex = instantiate(config);
  const prepare: PrepareConnection = (connection) => setMysqlSession(connection as MysqlConnection, { readOnly });
  const own = ownDatabase(knex, bounds, bindingOn(dialectOf(knex), prepare));
  return opened(own.statements, true, own);
}

/** A getter of the host may throw what it read. */
function copyOf(config: Knex.Config): Knex.Config {
  return Object.fromEntries(entriesOption('database', config)) as Knex.Config;
}

type AfterCreate = (
  connection: PostgresConnection,
  done: (error: unknown, connection: PostgresConnection) => void,
) => void;

interface PostgresConnection {
  query(sql: string, callback: (error: unknown) => void): unknown;
}

/** The same configuration for reading alone. Sessions on MySQL are set up where the others of them are. */
function readingOnly(config: Knex.Config): Knex.Config {
  if (config.client === 'better-sqlite3') {
    const connection = { ...(config.connection as object), options: { readonly: true } };
    return { ...config, connection } as Knex.Config;
  }
  if (config.client !== 'pg') return config;
  const afterCreate: AfterCreate = (connection, done) =>
    void connection.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY', (error) => done(error, connection));
  return { ...config, pool: { ...config.pool, afterCreate } };
}

function bindingOn(dialect: Dialect, prepare: PrepareConnection): (knex: Knex) => Knex {
  return (knex) => (dialect === 'mysql' ? withBoundValues(knex, prepare) : knex);
}

function opened(knex: Knex, owned: boolean, bounds: BoundedDatabase): Database {
  const dialect = dialectOf(knex);
  PoolRenewal.of(knex.client as ConnectionSource);
  return keepBounds(Object.freeze({ knex, owned, dialect }), bounds);
}

/** Checks the sessions of the host's connections; harmless findings are logged once. */
function checking(logger: Logger): PrepareConnection {
  let logged = false;
  return async (connection) => {
    const advice = await checkMysqlSession(connection as MysqlConnection);
    if (advice === undefined || logged) return;
    logged = true;
    logger.warn(advice);
  };
}

/** How long to wait for the database; if it does not answer, its connections are checked later. */
const CHECK_DEADLINE_MILLISECONDS = 5_000;

/**
 * Checks the session of a connection of the host's knex before the first request does. If the database is unavailable
 * nothing happens, since every connection is checked before its first use.
 *
 * @throws ConfigurationError naming the invalid setting, and the fix
 */
export async function checkHostConnection({ knex, owned, dialect }: Database): Promise<void> {
  if (owned || dialect !== 'mysql') return;
  const connection: Promise<object> = knex.client.acquireConnection();
  const checked = connection.then(
    (one) => knex.client.releaseConnection(one),
    (error: unknown) => {
      if (error instanceof ConfigurationError) throw error;
    },
  );
  const over = new AbortController();
  const late = sleep(CHECK_DEADLINE_MILLISECONDS, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([checked, late]).finally(() => over.abort());
}

/**
 * The SQL dialect of a knex instance.
 *
 * @throws ConfigurationError if it is not supported, or is a transaction
 */
export function dialectOf(knex: Knex): Dialect {
  const driver: unknown = (knex.client as { readonly driverName?: unknown } | undefined)?.driverName;
  const dialect = typeof driver === 'string' && Object.hasOwn(DIALECTS, driver) ? DIALECTS[driver] : undefined;
  if (dialect === undefined) {
    refuseOption('database', knex, 'its driver is not supported; use better-sqlite3, mysql2 or pg');
  }
  return dialect;
}

function instantiate(config: Knex.Config): Knex {
  try {
    return createKnex(config);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/Cannot find module|npm install/.test(reason)) {
      const driver = describeName(String(config.client), DRIVERS);
      refuseOption('database.client', config.client, `its driver is not installed; run npm install ${driver}`, {
        near: DRIVERS,
      });
    }
    // knex's message may repeat any part of the configuration.
    refuseOption('database', config, 'knex refused the configuration; look at its client, connection and pool');
  }
}

/** Adds defaults to the host's configuration; its own settings are kept. */
function completed(config: Knex.Config, logger: Logger, deadlineMilliseconds: number): Knex.Config {
  const client = config.client;
  const dialect = typeof client === 'string' && Object.hasOwn(DIALECTS, client) ? DIALECTS[client] : undefined;
  if (typeof client === 'string' && dialect === undefined) {
    refuseOption('database.client', client, 'use better-sqlite3, mysql2 or pg', { near: DRIVERS, name: true });
  }
  const log = new LogLimiter(logger, systemClock);
  const complete: Knex.Config = {
    acquireConnectionTimeout: deadlineMilliseconds,
    log: {
      warn: (message: string) => log.warn('knex', printable(message)),
      error: (message: string) => log.error('knex', printable(message)),
    },
    ...config,
  };
  if (client === 'better-sqlite3') return completedSqlite(complete);
  complete.pool = { min: 0, max: 10, ...config.pool };
  if (client === 'mysql2' && typeof config.connection === 'object') {
    complete.connection = {
      maxPreparedStatements: PREPARED_PER_CONNECTION,
      ...config.connection,
    } as Knex.Config['connection'];
  }
  return complete;
}

function completedSqlite(config: Knex.Config): Knex.Config {
  const { filename } = (config.connection ?? {}) as { readonly filename?: string };
  if (typeof filename !== 'string' || filename === '') {
    refuseOption('database.connection.filename', filename, 'pass the path of the SQLite file, or ":memory:"');
  }
  const { readonly: readOnly = false } =
    (config.connection as { options?: { readonly readonly?: boolean } }).options ?? {};
  if (filename !== ':memory:' && !readOnly) createFolderOf(filename);
  const afterCreate = config.pool?.afterCreate;
  return {
    useNullAsDefault: true,
    ...config,
    pool: {
      ...config.pool,
      afterCreate(connection: SqliteConnection, done: (error: unknown, connection: SqliteConnection) => void) {
        try {
          prepareSqlite(connection, readOnly);
        } catch (error) {
          done(error, connection);
          return;
        }
        if (afterCreate === undefined) done(null, connection);
        else afterCreate(connection, done);
      },
    },
  };
}

function createFolderOf(filename: string): void {
  const folder = dirname(resolve(filename));
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const shown = describePath(filename, SQLITE_FILE);
    refuseOption('database', filename, `the folder of the file (${shown}) cannot be created: ${String(code)}`);
  }
}

interface SqliteConnection {
  pragma(source: string): unknown;
}

/** Several readers beside one writer, waiting for that writer, and enforced foreign keys. */
function prepareSqlite(connection: SqliteConnection, readOnly: boolean): void {
  connection.pragma(`busy_timeout = ${SQLITE_BUSY_TIMEOUT_MILLISECONDS}`);
  if (readOnly) return;
  connection.pragma('foreign_keys = ON');
  try {
    connection.pragma('journal_mode = WAL');
  } catch (error) {
    // Another process is changing the mode now; the mode is stored in the file, so it applies to this connection too.
    if (!String((error as { readonly code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error;
  }
}
