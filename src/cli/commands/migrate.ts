import { Option } from 'commander';
import { ConfigurationError } from '../../core/errors.js';
import type { MigrationStatus } from '../../storage/index.js';
import type { CliCommand } from '../cli-command.js';
import { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { Surroundings } from '../surroundings.js';
import { rollBack } from './rollback.js';

interface MigrateOptions {
  readonly status?: boolean;
  readonly rollback?: boolean;
  readonly yes?: boolean;
  readonly releaseLock?: boolean;
}

/** `rc-oauth2 migrate`: migrates the tables to this version, undoes the last batch, or prints the state. */
export function defineMigrate(command: CliCommand, surroundings: Surroundings): void {
  command
    .description(
      'Applies the pending migrations and prints their names. Several processes may do so at once. A migration that\n' +
        'was interrupted is finished first.',
    )
    .addOption(new Option('--status', 'print what is applied and pending, change nothing').conflicts('rollback'))
    .addOption(
      new Option(
        '--release-lock',
        'first end the database connection of a frozen process that holds the migration lock',
      ).conflicts('status'),
    )
    .option('--rollback', 'undo the last batch; lists what will be lost, and asks')
    .option('--yes', 'with --rollback: do not ask; required without a terminal and with --json')
    .action(async (options: MigrateOptions, called: CliCommand) => {
      const context = new CliContext(called, surroundings);
      await context.withOAuth2({ unmigrated: true }, async (oauth2) => {
        const { migrate, migrationStatus, releaseMigrationLock } = await import('../../storage/index.js');
        if (options.releaseLock) await releaseMigrationLock(oauth2.knex);
        if (options.status) {
          const status = await migrationStatus(oauth2.knex);
          context.output.result(status, listedStatus(status));
        } else if (options.rollback) {
          await changing(() => rollBack(oauth2, context, options.yes === true));
        } else {
          const names = await changing(() => migrate(oauth2.knex, { tables: oauth2.tables }));
          const text = names.map((name) => `applied  ${name}`).join('\n');
          context.output.result({ applied: names }, text || 'Already up to date.');
        }
      });
    });
}

/**
 * The obstacle is in the database (a newer version, a lock, a foreign table, a missing privilege), not in the command
 * line.
 */
async function changing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const message = error.message.replace('releaseMigrationLock()', '--release-lock');
    throw new CliError(EXIT_CODES.unavailable, 'not_migrated', message, { cause: error });
  }
}

function listedStatus({ applied, pending, incompatible, unfinished }: MigrationStatus): string {
  const remark = (name: string) => {
    if (name === unfinished) return '  (unfinished)';
    return incompatible.includes(name) ? '  (of a newer version; this version is not compatible with it)' : '';
  };
  const lines = [
    ...applied.map((name) => `applied  ${name}${remark(name)}`),
    ...pending.filter((name) => !applied.includes(name)).map((name) => `pending  ${name}${remark(name)}`),
  ];
  return lines.join('\n');
}
