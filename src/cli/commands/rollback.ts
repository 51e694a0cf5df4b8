import type { OAuth2Services } from '../../services.js';
import type { RollbackLosses } from '../../storage/index.js';
import type { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { confirm, isInteractive } from '../confirm.js';
import { EXIT_CODES } from '../exit-codes.js';

/**
 * Undoes the last batch of migrations, after listing what will be lost and getting confirmation.
 *
 * @throws CliError without confirmation, listing what would have been lost
 */
export async function rollBack(oauth2: OAuth2Services, context: CliContext, yes: boolean): Promise<void> {
  const { rollback, rollbackLosses } = await import('../../storage/index.js');
  const { tables } = oauth2;
  const losses = await rollbackLosses(oauth2.knex, { tables });
  const lost = { tables: losses.tables, columns: losses.columns };
  if (losses.migrations.length === 0) {
    context.output.result({ rolled_back: [], lost }, 'Nothing to roll back.');
    return;
  }
  const { output, surroundings } = context;
  if (!yes && (output.json || !isInteractive(surroundings))) {
    throw refused(`nothing is rolled back without --yes; ${inWords(losses)}`);
  }
  output.note(inWords(losses));
  if (!yes) {
    if (!(await confirm(surroundings, 'Roll back and lose this?'))) throw refused('nothing is rolled back.');
    // Another process may have migrated while the question was open; that batch was not confirmed.
    const { migrations } = await rollbackLosses(oauth2.knex, { tables });
    if (migrations.join() !== losses.migrations.join()) {
      throw refused('nothing is rolled back: another batch has become the last one; run the command again.');
    }
  }
  const names = await rollback(oauth2.knex, { tables });
  context.output.result({ rolled_back: names, lost }, names.map((name) => `rolled back  ${name}`).join('\n'));
}

function refused(message: string): CliError {
  return new CliError(EXIT_CODES.refused, 'not_confirmed', message);
}

function inWords({ migrations, tables, columns }: RollbackLosses): string {
  const tableList = tables.map(({ name, rows }) => `${name} (${counted(rows, 'row')})`);
  const columnList = columns.map(({ table, name, rows }) => `${table}.${name} (${counted(rows, 'value')})`);
  const parts = [
    ...(tableList.length === 0 ? [] : [`the tables ${tableList.join(', ')}`]),
    ...(columnList.length === 0 ? [] : [`the columns ${columnList.join(', ')}`]),
  ];
  return `The rollback of ${migrations.join(', ')} loses ${parts.join(', and ')}.`;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
