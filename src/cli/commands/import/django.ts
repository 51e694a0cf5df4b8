import { InvalidArgumentError, Option } from 'commander';
import { ConfigurationError } from '../../../core/errors.js';
import { keyPrefixOption } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, refused, usage } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { unavailable } from '../../failures.js';
import { DjangoImport, type DjangoImportOptions } from '../../import/django/django-import.js';
import { ReportBuilder } from '../../import/django/report.js';
import { reportText } from '../../import/django/report-text.js';
import { Revocations } from '../../import/django/revocations.js';
import { DjangoSource, SOURCE_MODELS, SourceError, type SourceModel } from '../../import/django/source.js';
import { TimeZone } from '../../import/django/time-zone.js';
import { USER_ID_FORMS, type UserColumn, type UserIdForm, UserIds } from '../../import/django/user-ids.js';
import { Interruption } from '../../interruption.js';
import { duration, wholeNumber } from '../../number-values.js';
import { redirectSchemes } from '../../option-values.js';
import { createProgress } from '../../progress.js';
import { resourceOption } from '../../resource.js';
import type { Surroundings } from '../../surroundings.js';

/** The source, from the environment: command lines are visible in the list of processes. */
const SOURCE_VARIABLE = 'DJANGO_DATABASE_URL';

const DEFAULT_DEADLINE_MILLISECONDS = 15_000;
const DEFAULT_BATCH_SIZE = 500;
const DEFAULT_REFRESH_LIFETIME_SECONDS = 30 * 86_400;
const LONGEST_REFRESH_LIFETIME_SECONDS = 3_650 * 86_400;

interface DjangoOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly schema?: string;
  readonly timeZone?: TimeZone;
  readonly tablePrefix: string;
  readonly tables?: Partial<Record<SourceModel, string>>;
  readonly userIds: UserIdForm;
  readonly userIdColumn?: UserColumn;
  readonly redirectSchemes?: string[];
  readonly limitOwners?: boolean;
  readonly updateApplications?: boolean;
  readonly refreshLifetime: number;
  readonly resource?: string;
  readonly revokeMissing?: boolean;
  readonly keyPrefix?: string;
  readonly batchSize: number;
}

/** `rc-oauth2 import django`: brings the data of a Django OAuth Toolkit. */
export function addDjango(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('django')
    .summary('bring the data of Django OAuth Toolkit')
    .description(
      'Reads the tables of Django OAuth Toolkit (3.0 and newer) and stores what they hold here: applications, tokens, consents. The source is only read.\n' +
        'Safe to interrupt and to repeat: it writes in batches, recognizes what has come before and leaves it as it is here.\n' +
        'The report says what came, and what did not and why; it holds neither secrets nor tokens.',
    )
    .option('--from <url>', `database of the Django project (env: ${SOURCE_VARIABLE})`)
    .option('--dry-run', 'report what would come, write nothing')
    .addOption(
      new Option('--table-prefix <prefix>', 'what the names of the tables begin with')
        .default('oauth2_provider_')
        .argParser(tableName),
    )
    .option(
      '--tables <model=name>',
      `tables of models of your own, separated by commas, of ${SOURCE_MODELS.join(', ')}`,
      modelTables,
    )
    .option(
      '--schema <name>',
      'schema (PostgreSQL) or database (MySQL) of the tables, if not that of the URL',
      tableName,
    )
    .option(
      '--time-zone <zone>',
      'time zone of the stored times, for a project with `USE_TZ = False` on MySQL or SQLite, e.g. Europe/Berlin',
      timeZone,
    )
    .addOption(
      new Option('--user-ids <form>', 'ids of users: as they are stored, or UUIDs with hyphens')
        .choices([...USER_ID_FORMS])
        .default('stored'),
    )
    .option(
      '--user-id-column <table.column>',
      'column of the table of users whose values are the ids of users here, e.g. auth_user.username',
      userColumn,
    )
    .option(
      '--redirect-schemes <schemes>',
      'private-use schemes of redirect URIs to allow, as the option `redirectUriSchemes` of the servers',
      redirectSchemes,
    )
    .option('--limit-owners', 'applications that have an owner get what `ownerScopes` and `ownerGrantTypes` allow')
    .option('--update-applications', 'change applications that came earlier and were changed at the source since')
    .addOption(
      new Option('--refresh-lifetime <duration>', 'for how long refresh tokens can be used, from now on, e.g. 90d')
        .default(DEFAULT_REFRESH_LIFETIME_SECONDS, '30d')
        .argParser(duration(LONGEST_REFRESH_LIFETIME_SECONDS, '3650d')),
    )
    .addOption(resourceOption('audience of access tokens that name no resource, if the servers set `resource`'))
    .addOption(keyPrefixOption())
    .option('--revoke-missing', 'revoke tokens that came earlier and are no longer at the source')
    .addOption(
      new Option('--batch-size <rows>', 'rows per batch')
        .default(DEFAULT_BATCH_SIZE)
        .argParser(wholeNumber(1, 2_000, 'rows per batch.')),
    )
    .action(async (options: DjangoOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      const { databaseDeadline: deadlineMilliseconds = DEFAULT_DEADLINE_MILLISECONDS } = command.globalOptions();
      const source = openSource(options, surroundings, deadlineMilliseconds);
      try {
        await run(context, source, options);
      } finally {
        await source.close().catch(() => undefined);
      }
    });
}

async function run(context: CliContext, source: DjangoSource, options: DjangoOptions): Promise<void> {
  const { dryRun = false, batchSize } = options;
  await context.withOAuth2({ keyPrefix: options.keyPrefix }, async (target) => {
    const report = new ReportBuilder();
    const progress = await createProgress(context.surroundings.stderr, context.output.json, 'rows read');
    const interruption = new Interruption(() => progress.stop());
    const users = new UserIds(source, options.userIds, options.userIdColumn);
    const revocations = new Revocations(context, target);
    let done = 0;
    let total = 0;
    try {
      const work = await readingSource(() =>
        DjangoImport.prepare(
          {
            ...{ source, target, users, report, dryRun, batchSize, signal: interruption.signal },
            revoke: (tokenHash) => revocations.revoke(tokenHash),
            advance(rows) {
              done += rows;
              progress.update(done, Math.max(total, done));
            },
          },
          importOptions(options),
        ),
      );
      total = work.total;
      await readingSource(() => work.run());
      progress.stop();
      const { exitCode } = interruption;
      const result = report.result(dryRun, exitCode !== undefined);
      context.output.result(result, reportText(result));
      await revocations.tell();
      if (exitCode !== undefined)
        throw new CliError(exitCode, 'interrupted', 'interrupted; run it again for the rest.');
    } finally {
      progress.stop();
      interruption.dispose();
    }
  });
}

function importOptions(options: DjangoOptions): DjangoImportOptions {
  return {
    redirectSchemes: options.redirectSchemes ?? [],
    limitOwners: options.limitOwners ?? false,
    updateApplications: options.updateApplications ?? false,
    refreshLifetimeSeconds: options.refreshLifetime,
    defaultResource: options.resource,
    revokeMissing: options.revokeMissing ?? false,
  };
}

async function readingSource<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const what = `--from (or ${SOURCE_VARIABLE}): ${error.message}`;
    if (error.cause !== undefined) throw unavailable(what, error.cause);
    const fix =
      'give the database of the Django project, and --table-prefix or --tables if its tables have other names';
    throw new CliError(EXIT_CODES.refused, 'source_unusable', `${what}; ${fix}.`, { cause: error });
  }
}

function openSource(options: DjangoOptions, { env }: Surroundings, deadlineMilliseconds: number): DjangoSource {
  const url = options.from ?? env[SOURCE_VARIABLE] ?? '';
  if (url.trim() === '') {
    throw usage(`no source given; use --from <url> or set ${SOURCE_VARIABLE}, e.g. mysql://user@host:3306/project.`);
  }
  try {
    const { schema, timeZone, tablePrefix, tables = {} } = options;
    return DjangoSource.open(url, { schema, timeZone, tablePrefix, tables, deadlineMilliseconds });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw refused(`--from (or ${SOURCE_VARIABLE})`, url, error.fix ?? 'give the URL of a database');
  }
}

/** A name that a database takes as an identifier; it is quoted all the same. */
function tableName(value: string): string {
  if (/^[\p{L}_][\p{L}\p{N}_$]{0,62}$/u.test(value)) return value;
  throw new InvalidArgumentError('Give a name of at most 63 letters, digits and underscores.');
}

function timeZone(value: string): TimeZone {
  const zone = TimeZone.named(value);
  if (zone === undefined) throw new InvalidArgumentError('Give a name of the IANA database, e.g. Europe/Berlin.');
  return zone;
}

function modelTables(value: string): Partial<Record<SourceModel, string>> {
  const tables: Partial<Record<SourceModel, string>> = {};
  for (const part of value.split(',')) {
    const [model = '', name = ''] = part.split('=').map((text) => text.trim());
    if (!(SOURCE_MODELS as readonly string[]).includes(model)) {
      throw new InvalidArgumentError(`Give model=table for one of ${SOURCE_MODELS.join(', ')}.`);
    }
    tables[model as SourceModel] = tableName(name);
  }
  return tables;
}

function userColumn(value: string): UserColumn {
  const [table = '', column = '', ...rest] = value.split('.');
  if (rest.length > 0) throw new InvalidArgumentError('Give table.column, e.g. auth_user.username.');
  return { table: tableName(table), column: tableName(column) };
}
