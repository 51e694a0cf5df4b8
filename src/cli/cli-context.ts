import { existsSync } from 'node:fs';
import { ConfigurationError } from '../core/errors.js';
import { silentLogger } from '../core/logger.js';
import { describePath, describeUrl, refusalText } from '../core/options/index.js';
import { readSecretKeys } from '../core/secret-keys.js';
import type { TokenService } from '../resource-server/token-service.js';
import type { OAuth2Services } from '../services.js';
import { configOfUrl } from '../storage/database-url.js';
import { deadline } from './answer-deadline.js';
import type { CliCommand, GlobalOptions } from './cli-command.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';
import { unavailable } from './failures.js';
import { Output } from './output.js';
import { CACHE_KEYS_VARIABLE, type Surroundings } from './surroundings.js';

/** What a command needs of the database and Redis. */
export interface Needs {
  /** Whether the command invalidates caches, and so needs Redis if one is given. */
  readonly redis?: boolean;
  /** The prefix of the Redis keys; default: the package's default. */
  readonly keyPrefix?: string;
  /** The resource that tokens are meant for, as the servers' option `resource`. */
  readonly resource?: string;
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

/** Pools that have not closed within this time are left to the end of the process. */
const CLOSE_DEADLINE_MILLISECONDS = 5_000;

/** The options that every part needs. */
interface Basis {
  readonly database: string;
  readonly databaseDeadlineMilliseconds: number;
  readonly resource: string | undefined;
}

/** What was opened on the database. */
type OpenedDatabase = Pick<OAuth2Services, 'knex' | 'close'>;

/** Opens what a command needs, and closes it again. */
export class CliContext {
  readonly output: Output;
  private readonly options: GlobalOptions;

  constructor(
    command: CliCommand,
    readonly surroundings: Surroundings,
  ) {
    this.options = command.globalOptions();
    this.output = new Output(this.options.json === true, surroundings.stdout, surroundings.stderr);
  }

  /** The URL of the database from the option or the environment; `undefined` if neither is set. */
  get databaseUrl(): string | undefined {
    return given('--database', this.options.database) ?? (this.surroundings.env.DATABASE_URL || undefined);
  }

  private get deadlineMilliseconds(): number {
    return this.options.databaseDeadline ?? DATABASE_DEADLINE_MILLISECONDS;
  }

  /** The URL of Redis from the option or the environment; `undefined` if neither is set. */
  get redisUrl(): string | undefined {
    const url = given('--redis', this.options.redis) ?? (this.surroundings.env.REDIS_URL || undefined);
    if (url !== undefined && !(/^rediss?:\/\/./i.test(url) && URL.canParse(url))) {
      throw refused('--redis (or REDIS_URL)', url, 'write redis://host:6379 or rediss://host:6379');
    }
    return url;
  }

  private async contact(opened: OpenedDatabase, database: string, needs: Needs): Promise<void> {
    try {
      await deadline(this.checkSchema(opened, needs), this.deadlineMilliseconds, 'the database');
    } catch (error) {
      if (error instanceof ConfigurationError) {
        throw new CliError(EXIT_CODES.unavailable, 'not_migrated', error.message, { cause: error });
      }
      throw unavailable(`--database (or DATABASE_URL): cannot use ${describeDatabase(database)}`, error);
    }
  }

  private async checkSchema({ knex }: OpenedDatabase, { unmigrated, anyVersion }: Needs): Promise<void> {
    const { assertMigrated, migrationStatus } = await import('../storage/migrations/status.js');
    const { applied, pending, incompatible } = await migrationStatus(knex);
    if (unmigrated === true) return;
    // The assertion reports missing tables.
    if (anyVersion !== true || applied.length === 0) return assertMigrated(knex);
    if (incompatible.length + pending.length === 0) return;
    this.output.note(
      `The database has another schema than this version of rc-oauth2 (${[...pending, ...incompatible].join(', ')}); trying anyway.`,
    );
  }

  /**
   * How the servers authenticate their entries in Redis: with a key from the database, unless they have their own keys.
   */
  private get cacheOptions(): { authenticationKeys?: string[] } {
    const text = this.surroundings.env[CACHE_KEYS_VARIABLE]?.trim() ?? '';
    if (text === '') return {};
    const authenticationKeys = text.split(',').map((key) => key.trim());
    readSecretKeys(authenticationKeys, CACHE_KEYS_VARIABLE);
    return { authenticationKeys };
  }

  /**
   * Runs `use` with the package opened on the database, and closes everything in any case.
   *
   * @throws CliError if no database is given, or it cannot be reached or is not migrated
   */
  withOAuth2<T>(needs: Needs, use: (oauth2: OAuth2Services) => Promise<T>): Promise<T> {
    const { redisUrl: redis } = this;
    return this.using(needs, use, async (basis) => {
      // Loaded late, so that help and usage errors appear quickly.
      const { openServices } = await import('../services.js');
      return openServices({
        ...basis,
        // Errors are also thrown, and must be reported once.
        logger: silentLogger,
        ...(needs.redis && redis !== undefined ? { redis, cache: this.cacheOptions } : {}),
        ...(needs.keyPrefix === undefined ? {} : { keyPrefix: needs.keyPrefix }),
      });
    });
  }

  /** The same for a command that inspects a token and needs nothing else, of which less is loaded. */
  withInspection<T>(needs: Needs, use: (inspection: Pick<TokenService, 'inspect'>) => Promise<T>): Promise<T> {
    return this.using<OpenedDatabase & Pick<TokenService, 'inspect'>, T>(needs, use, async (basis) => {
      const { openStoredTokenInspection } = await import('../resource-server/stored-token-inspection.js');
      return openStoredTokenInspection(basis);
    });
  }

  private async using<Opened extends OpenedDatabase, T>(
    needs: Needs,
    use: (opened: Opened) => Promise<T>,
    open: (basis: Basis) => Promise<Opened>,
  ): Promise<T> {
    const database = this.databaseUrl;
    if (database === undefined) {
      throw usage(
        'no database given; use --database <url> or set DATABASE_URL, e.g. sqlite:.data/oauth2.sqlite or mysql://user@host:3306/name.',
      );
    }
    if (needs.unmigrated !== true) assertFileExists(database);
    const opened = await open({
      database,
      databaseDeadlineMilliseconds: this.deadlineMilliseconds,
      resource: needs.resource,
    });
    try {
      await this.contact(opened, database, needs);
      return await use(opened);
    } finally {
      await deadline(opened.close(), CLOSE_DEADLINE_MILLISECONDS, 'closing the database').catch(() => undefined);
    }
  }
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

function describeDatabase(database: string): string {
  const path = database.replace(/^(?:sqlite|file):(?:\/\/)?/i, '');
  return SQLITE_FILE.test(path) ? describePath(path, SQLITE_FILE) : describeUrl(database);
}

/** SQLite would create the file, so that a wrong path would look like an empty database. */
function assertFileExists(database: string): void {
  const { client, connection } = configOfUrl(database);
  const { filename } = (connection ?? {}) as { filename?: string };
  if (client !== 'better-sqlite3' || filename === undefined || filename === ':memory:' || existsSync(filename)) return;
  throw new CliError(
    EXIT_CODES.unavailable,
    'not_migrated',
    `--database (or DATABASE_URL): there is no file ${describeDatabase(database)}; run rc-oauth2 migrate to create it, or correct the path.`,
  );
}

function given(flag: string, value: string | undefined): string | undefined {
  if (value?.trim() === '') throw refused(flag, value, 'give a URL, or leave the option out');
  return value;
}
