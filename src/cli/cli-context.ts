import { existsSync } from 'node:fs';
import { ConfigurationError } from '../core/errors.js';
import { silentLogger } from '../core/logger.js';
import { describePath, describeUrl, refusalText } from '../core/options/index.js';
import { redisAddress } from '../core/redis-url.js';
import type { DatabaseSource, OAuth2Options } from '../options.js';
import type { TokenService } from '../resource-server/token-service.js';
import type { OAuth2Services } from '../services.js';
import { configOfUrl } from '../storage/database-url.js';
import { closeInTime, deadline } from './answer-deadline.js';
import type { CliCommand, GlobalOptions } from './cli-command.js';
import { CliError } from './cli-error.js';
import type { EffectiveOptions } from './configuration/effective-options.js';
import { effectiveOptions } from './configuration/effective-options.js';
import { findConfiguration } from './configuration/find-configuration.js';
import type { HostConfiguration } from './configuration/host-configuration.js';
import { EXIT_CODES } from './exit-codes.js';
import { unavailable } from './failures.js';
import { Output } from './output.js';
import type { Surroundings } from './surroundings.js';

/** What a command needs of the database and Redis. */
export interface Needs {
  /** The prefix of the Redis keys; default: what the servers say. */
  readonly keyPrefix?: string | undefined;
  /** The resource that tokens are meant for, as the servers' option `resource`. */
  readonly resource?: string | undefined;
  /** Whether the command also works on a database that is not migrated. */
  readonly unmigrated?: boolean;
  /** Whether the command runs with every version of the schema, older or newer than this package. */
  readonly anyVersion?: boolean;
}

/**
 * The default time after which a database that has not answered a statement counts as unreachable. It is longer than
 * for a request: people would rather wait than repeat the command.
 */
const DATABASE_DEADLINE_MILLISECONDS = 15_000;

/** What was opened on the database. */
type OpenedDatabase = Pick<OAuth2Services, 'knex' | 'close'> & Partial<Pick<OAuth2Services, 'tables'>>;

/** What a command works with. */
export interface CommandServices extends OAuth2Services {
  /** The options that it was opened with. Without `redis`, which only `tellingCaches` needs. */
  readonly options: OAuth2Options;
  /** The Redis of the servers, as far as it was given. */
  readonly redis: OAuth2Options['redis'];
  /** Whether `--no-redis` was given. */
  readonly leavesCachesOut: boolean;
}

/** Opens what a command needs, and closes it again. */
export class CliContext {
  readonly output: Output;
  private readonly given: GlobalOptions;
  private loading: Promise<HostConfiguration | undefined> | undefined;

  constructor(
    command: CliCommand,
    readonly surroundings: Surroundings,
  ) {
    this.given = command.globalOptions();
    this.output = new Output(this.given.json === true, surroundings.stdout, surroundings.stderr);
  }

  /** The URL of the database from the option or the environment; `undefined` if neither is set. */
  get databaseUrl(): string | undefined {
    return given('--database', this.given.database) ?? (this.surroundings.env.DATABASE_URL || undefined);
  }

  private get deadlineMilliseconds(): number {
    return this.given.databaseDeadline ?? DATABASE_DEADLINE_MILLISECONDS;
  }

  /** The URL of Redis from the option or the environment; `undefined` if neither is set, or there is to be none. */
  get redisUrl(): string | undefined {
    if (this.given.redis === false) return undefined;
    const url = given('--redis', this.given.redis) ?? (this.surroundings.env.REDIS_URL || undefined);
    if (url !== undefined) checkRedisUrl(url);
    return url;
  }

  /** The options of the servers, if the command line or package.json names a module with them. Loaded when first needed. */
  configuration(): Promise<HostConfiguration | undefined> {
    this.loading ??= this.loadConfiguration();
    return this.loading;
  }

  private async loadConfiguration(): Promise<HostConfiguration | undefined> {
    const file = findConfiguration(this.given.config);
    if (file === undefined) return undefined;
    const [{ loadConfiguration }, { printHostOutputToStderr }] = await Promise.all([
      import('./configuration/host-configuration.js'),
      import('./configuration/host-output.js'),
    ]);
    // A module that refuses to load without its settings gets those of the command line.
    if (this.given.database !== undefined) process.env.DATABASE_URL = this.given.database;
    if (typeof this.given.redis === 'string') process.env.REDIS_URL = this.given.redis;
    printHostOutputToStderr();
    return loadConfiguration(file);
  }

  private async contact(opened: OpenedDatabase, database: NamedDatabase, needs: Needs): Promise<void> {
    try {
      await deadline(this.checkSchema(opened, needs), this.deadlineMilliseconds, 'the database');
    } catch (error) {
      if (error instanceof ConfigurationError) {
        throw new CliError(EXIT_CODES.unavailable, 'not_migrated', error.message, { cause: error });
      }
      throw unavailable(`${database.from}: cannot use ${describeDatabase(database.source)}`, error);
    }
  }

  private async checkSchema(opened: OpenedDatabase, { unmigrated, anyVersion }: Needs): Promise<void> {
    const { knex, tables } = opened;
    const { assertMigrated, migrationStatus } = await import('../storage/migrations/status.js');
    const { applied, pending, incompatible } = await migrationStatus(knex);
    if (unmigrated === true) return;
    // The assertion reports missing tables.
    if (anyVersion !== true || applied.length === 0)
      return assertMigrated(knex, tables === undefined ? {} : { tables });
    if (incompatible.length + pending.length === 0) return;
    this.output.note(
      `The database has another schema than this version of rc-oauth2 (${[...pending, ...incompatible].join(', ')}); trying anyway.`,
    );
  }

  private async optionsFor({ keyPrefix, resource }: Needs): Promise<EffectiveOptions> {
    const configuration = await this.configuration();
    const database = given('--database', this.given.database);
    const redis = this.given.redis === false ? false : given('--redis', this.given.redis);
    if (redis) checkRedisUrl(redis);
    const options = effectiveOptions({ database, redis, keyPrefix, resource }, configuration, this.surroundings.env);
    if (configuration === undefined && typeof options.redis === 'string') checkRedisUrl(options.redis);
    return options;
  }

  /**
   * Runs `use` with the package opened on the database, and closes everything in any case.
   *
   * @throws CliError if no database is given, or it cannot be reached or is not migrated
   */
  withOAuth2<T>(needs: Needs, use: (oauth2: CommandServices) => Promise<T>): Promise<T> {
    return this.using(needs, use, async ({ redis, databaseFrom: _databaseFrom, ...options }, database) => {
      // Loaded late, so that help and usage errors appear quickly.
      const { openServices } = await import('../services.js');
      const complete: OAuth2Options = {
        ...options,
        database,
        databaseDeadlineMilliseconds: this.deadlineMilliseconds,
        // Errors are also thrown, and must be reported once.
        logger: silentLogger,
      };
      const leavesCachesOut = this.given.redis === false;
      return { ...(await this.opened(() => openServices(complete))), options: complete, redis, leavesCachesOut };
    });
  }

  /**
   * The same for a command that inspects a token and needs nothing else, of which less is loaded: the tables are the
   * package's own, unless there is a configuration.
   */
  async withInspection<T>(needs: Needs, use: (inspection: Pick<TokenService, 'inspect'>) => Promise<T>): Promise<T> {
    if ((await this.configuration()) !== undefined) return this.withOAuth2(needs, ({ tokens }) => use(tokens));
    return this.using<OpenedDatabase & Pick<TokenService, 'inspect'>, T>(needs, use, async ({ resource }, database) => {
      const { openStoredTokenInspection } = await import('../resource-server/stored-token-inspection.js');
      const databaseDeadlineMilliseconds = this.deadlineMilliseconds;
      return openStoredTokenInspection({ database: database as string, databaseDeadlineMilliseconds, resource });
    });
  }

  /** A mistake in the options of the servers is one of their file. */
  private async opened<T>(open: () => T): Promise<T> {
    try {
      return open();
    } catch (error) {
      const configuration = await this.configuration();
      if (!(error instanceof ConfigurationError) || configuration === undefined) throw error;
      throw usage(`${configuration.what}: ${error.message}`);
    }
  }

  private async using<Opened extends OpenedDatabase, T>(
    needs: Needs,
    use: (opened: Opened) => Promise<T>,
    open: (options: EffectiveOptions, database: DatabaseSource) => Promise<Opened>,
  ): Promise<T> {
    const options = await this.optionsFor(needs);
    const { database: source, databaseFrom: from } = options;
    if (source === undefined) {
      throw usage(
        'no database given; use --database <url> or set DATABASE_URL, e.g. sqlite:.data/oauth2.sqlite or mysql://user@host:3306/name, or name the options of the servers with --config <file>.',
      );
    }
    if (needs.unmigrated !== true && typeof source === 'string') assertFileExists(source, from);
    const opened = await open(options, source);
    try {
      await this.contact(opened, { source, from }, needs);
      return await use(opened);
    } finally {
      await closeInTime(closeAll(opened, source));
    }
  }
}

/** A database, and where it was given. */
interface NamedDatabase {
  readonly source: DatabaseSource;
  readonly from: string;
}

/** The knex instance of a configuration was made for this command, which nobody else ends. */
async function closeAll(opened: OpenedDatabase, source: DatabaseSource): Promise<void> {
  await opened.close();
  if (typeof source === 'function') await source.destroy();
}

/** A usage error with a message in terms of the command line. */
export function usage(message: string): CliError {
  return new CliError(EXIT_CODES.usage, 'usage_error', message);
}

/** A usage error about the value of an option, worded like `refuseOption`. */
export function refused(option: string, value: unknown, fix: string): CliError {
  return usage(refusalText(option, value, fix));
}

/** The endings of SQLite file names, which may be shown; other text may be secret. */
const SQLITE_FILE = /\.(?:sqlite3?|db3?)$/i;

function describeDatabase(database: DatabaseSource): string {
  if (typeof database !== 'string') return 'its database';
  const path = database.replace(/^(?:sqlite|file):(?:\/\/)?/i, '');
  return SQLITE_FILE.test(path) ? describePath(path, SQLITE_FILE) : describeUrl(database);
}

/** SQLite would create the file, so that a wrong path would look like an empty database. */
function assertFileExists(database: string, from: string): void {
  const { client, connection } = configOfUrl(database);
  const { filename } = (connection ?? {}) as { filename?: string };
  if (client !== 'better-sqlite3' || filename === undefined || filename === ':memory:' || existsSync(filename)) return;
  throw new CliError(
    EXIT_CODES.unavailable,
    'not_migrated',
    `${from}: there is no file ${describeDatabase(database)}; run rc-oauth2 migrate to create it, or correct the path.`,
  );
}

function given(flag: string, value: string | undefined): string | undefined {
  if (value?.trim() === '') throw refused(flag, value, 'give a URL, or leave the option out');
  return value;
}

function checkRedisUrl(url: string): void {
  const option = '--redis (or REDIS_URL)';
  if (!/^rediss?:\/\/./i.test(url) || !URL.canParse(url)) {
    throw refused(option, url, 'write redis://host:6379 or rediss://host:6379');
  }
  redisAddress(option, url);
}
