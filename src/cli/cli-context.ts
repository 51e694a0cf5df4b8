import { existsSync } from 'node:fs';
import { ConfigurationError } from '../core/errors.js';
import { silentLogger } from '../core/logger.js';
import { describePath, describeUrl, describeValue } from '../core/options/index.js';
import { readSecretKeys } from '../core/secret-keys.js';
import type { OAuth2 } from '../oauth2.js';
import { configOfUrl } from '../storage/database-url.js';
import { deadline } from './answer-deadline.js';
import type { CliCommand, GlobalOptions } from './cli-command.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';
import { unavailable } from './failures.js';
import { Output } from './output.js';

/** What a command reads and writes beside its arguments; the process, or a test's own. */
export interface Surroundings {
  /** Where answers to questions come from; without it nobody is asked. */
  readonly stdin?: NodeJS.ReadStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** How a command uses the database and Redis. */
export interface Needs {
  /** Whether the command tells caches something, and so needs Redis if one is named. */
  readonly redis?: boolean;
  /** The prefix of the Redis keys; default: that of the package. */
  readonly keyPrefix?: string;
  /** What tokens are meant for, as the servers' `resource` says. */
  readonly resource?: string;
  /** Whether the command works on a database that is not migrated. */
  readonly unmigrated?: boolean;
  /** Whether the command is tried at every version of the schema, be it older or newer than this package. */
  readonly anyVersion?: boolean;
}

/**
 * A database that does not answer a statement within this time is unreachable, unless an option says otherwise. A person
 * waits longer than a request may, and would rather not do it again.
 */
const DATABASE_DEADLINE_MILLISECONDS = 15_000;
/** Where the keys are. Not an option: what is on a command line is in the list of processes. */
export const CACHE_KEYS_VARIABLE = 'OAUTH2_CACHE_KEYS';

/** Pools that do not close within this time are left to the end of the process. */
const CLOSE_DEADLINE_MILLISECONDS = 5_000;

/** Opens for a command what it needs, and closes it again. */
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

  /** The database's URL, from the option or the environment; `undefined` if neither gives one. */
  get databaseUrl(): string | undefined {
    return given('--database', this.options.database) ?? (this.surroundings.env.DATABASE_URL || undefined);
  }

  private get deadlineMilliseconds(): number {
    return this.options.databaseDeadline ?? DATABASE_DEADLINE_MILLISECONDS;
  }

  /** Redis' URL, from the option or the environment; `undefined` if neither gives one. */
  get redisUrl(): string | undefined {
    const url = given('--redis', this.options.redis) ?? (this.surroundings.env.REDIS_URL || undefined);
    if (url !== undefined && !(/^rediss?:\/\/./i.test(url) && URL.canParse(url))) {
      throw refused('--redis (or REDIS_URL)', url, 'write redis://host:6379 or rediss://host:6379');
    }
    return url;
  }

  private async contact(oauth2: OAuth2, database: string, needs: Needs): Promise<void> {
    try {
      await deadline(this.checkSchema(oauth2, needs), this.deadlineMilliseconds, 'the database');
    } catch (error) {
      if (error instanceof ConfigurationError) {
        throw new CliError(EXIT_CODES.unavailable, 'not_migrated', error.message, { cause: error });
      }
      throw unavailable(`--database (or DATABASE_URL): cannot use ${describeDatabase(database)}`, error);
    }
  }

  private async checkSchema({ knex }: OAuth2, { unmigrated, anyVersion }: Needs): Promise<void> {
    const { assertMigrated, migrationStatus } = await import('../storage/index.js');
    const { applied, pending, incompatible } = await migrationStatus(knex);
    if (unmigrated === true) return;
    // A table that is not there is said by the assertion.
    if (anyVersion !== true || applied.length === 0) return assertMigrated(knex);
    if (incompatible.length + pending.length === 0) return;
    this.output.note(
      `The database has another schema than this version of rc-oauth2 (${[...pending, ...incompatible].join(', ')}); trying all the same.`,
    );
  }

  /** How the servers authenticate what they keep in Redis: by a key of the database, unless they have keys of their own. */
  private get cacheOptions(): { authenticationKeys?: string[] } {
    const text = this.surroundings.env[CACHE_KEYS_VARIABLE]?.trim() ?? '';
    if (text === '') return {};
    const authenticationKeys = text.split(',').map((key) => key.trim());
    readSecretKeys(authenticationKeys, CACHE_KEYS_VARIABLE);
    return { authenticationKeys };
  }

  /**
   * Runs `use` with the package opened on the database, and closes everything however it ends.
   *
   * @throws CliError if no database is given, it cannot be reached, or it is not migrated
   */
  async withOAuth2<T>(needs: Needs, use: (oauth2: OAuth2) => Promise<T>): Promise<T> {
    const database = this.databaseUrl;
    if (database === undefined) {
      throw usage(
        'no database given; use --database <url> or set DATABASE_URL, e.g. sqlite:.data/oauth2.sqlite or mysql://user@host:3306/name.',
      );
    }
    const redis = this.redisUrl;
    if (needs.unmigrated !== true) assertFileExists(database);
    // Loaded late, so that help and usage errors are there at once.
    const { createOAuth2 } = await import('../oauth2.js');
    const { memoryEngine } = await import('../throttling/index.js');
    const oauth2 = createOAuth2({
      database,
      databaseDeadlineMilliseconds: this.deadlineMilliseconds,
      // A command throttles nobody, and is none of the processes that share a limit.
      throttling: { engine: memoryEngine() },
      // What fails is thrown as well, and told once.
      logger: silentLogger,
      ...(needs.redis && redis !== undefined ? { redis, cache: this.cacheOptions } : {}),
      ...(needs.keyPrefix === undefined ? {} : { keyPrefix: needs.keyPrefix }),
      ...(needs.resource === undefined ? {} : { resource: needs.resource }),
    });
    try {
      await this.contact(oauth2, database, needs);
      return await use(oauth2);
    } finally {
      await deadline(oauth2.close(), CLOSE_DEADLINE_MILLISECONDS, 'closing the database').catch(() => undefined);
    }
  }
}

/** A usage error in the words of this command line. */
export function usage(message: string): CliError {
  return new CliError(EXIT_CODES.usage, 'usage_error', message);
}

/** A usage error about an option's value, in the words of `refuseOption`. */
export function refused(option: string, value: unknown, fix: string): CliError {
  return usage(`The option ${option} cannot be ${describeValue(value)}: ${fix}.`);
}

/** What the name of an SQLite file ends with, so that it can be shown: another text may be a secret. */
const SQLITE_FILE = /\.(?:sqlite3?|db3?)$/i;

function describeDatabase(database: string): string {
  const path = database.replace(/^(?:sqlite|file):(?:\/\/)?/i, '');
  return SQLITE_FILE.test(path) ? describePath(path, SQLITE_FILE) : describeUrl(database);
}

/** SQLite would create the file, which makes a wrong path look like an empty database. */
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
