import { Option } from 'commander';
import { ConfigurationError } from '../../core/errors.js';
import type { CliCommand } from '../cli-command.js';
import { CliError } from '../cli-error.js';
import { CliContext, type Surroundings } from '../context.js';
import { EXIT_CODES } from '../exit-codes.js';

interface MigrateOptions {
  readonly status?: boolean;
  readonly rollback?: boolean;
  readonly releaseLock?: boolean;
}

/** `rc-oauth2 migrate`: brings the tables to this version, takes the last step back, or tells where they are. */
export function addMigrate(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('migrate')
    .summary('create or change the tables')
    .description('Applies the pending migrations and prints their names. Several processes may do so at once.')
    .addOption(new Option('--status', 'print what is applied and pending, change nothing').conflicts('rollback'))
    .addOption(
      new Option('--release-lock', 'first take away the lock of a process that died while it migrated').conflicts(
        'status',
      ),
    )
    .option('--rollback', 'undo the last batch; what its tables hold is lost')
    .action(async (options: MigrateOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({ unmigrated: true }, async (oauth2) => {
        const { migrate, migrationStatus, releaseMigrationLock, rollback } = await import('../../storage/index.js');
        if (options.releaseLock) await releaseMigrationLock(oauth2.knex);
        if (options.status) {
          const { applied, pending } = await migrationStatus(oauth2.knex);
          const lines = [...applied.map((name) => `applied  ${name}`), ...pending.map((name) => `pending  ${name}`)];
          context.output.result({ applied, pending }, lines.join('\n'));
        } else if (options.rollback) {
          const names = await changing(rollback(oauth2.knex));
          context.output.result({ rolled_back: names }, listed('rolled back', names, 'Nothing to roll back.'));
        } else {
          const names = await changing(migrate(oauth2.knex));
          context.output.result({ applied: names }, listed('applied', names, 'Already up to date.'));
        }
      });
    });
}

/** What stands in the way is in the database (a newer version, a lock, a foreign table), not in the call. */
async function changing(names: Promise<string[]>): Promise<string[]> {
  try {
    return await names;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const message = error.message.replace('releaseMigrationLock()', '--release-lock');
    throw new CliError(EXIT_CODES.unavailable, 'not_migrated', message, { cause: error });
  }
}

function listed(verb: string, names: readonly string[], none: string): string {
  return names.length === 0 ? none : names.map((name) => `${verb}  ${name}`).join('\n');
}
