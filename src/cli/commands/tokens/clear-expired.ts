import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { Interruption } from '../../interruption.js';
import { wholeNumber } from '../../number-values.js';
import { createProgress } from '../../progress.js';
import type { Surroundings } from '../../surroundings.js';

interface ClearExpiredOptions {
  readonly batchSize?: number;
  readonly pause?: number;
}

/**
 * `rc-oauth2 tokens clear-expired`: deletes expired rows in small batches, so that other statements are not held up.
 */
export function addClearExpired(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('clear-expired')
    .summary('delete what has expired')
    .description(
      'Deletes what has expired, batch by batch: access and refresh tokens, authorization and device codes, grants,\n' +
        'interactions, sessions, and signing keys that are no longer in use. Safe to run beside servers, and safe to\n' +
        'interrupt: it finishes its batch and reports how many rows it deleted. Progress is shown on stderr, as a bar on a\n' +
        'terminal and as lines elsewhere (no lines with --json).',
    )
    .option(
      '--batch-size <rows>',
      'rows per batch (default: adapted to the speed of the database)',
      wholeNumber(1, 10_000, 'rows per batch.'),
    )
    .option(
      '--pause <milliseconds>',
      'pause between batches (default: as long as a batch takes)',
      wholeNumber(0, 60_000, 'milliseconds.'),
    )
    .action(async (options: ClearExpiredOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async (oauth2) => {
        const progress = await createProgress(surroundings.stderr, context.output.json);
        const interruption = new Interruption(() => progress.stop());
        try {
          const { deleted, total } = await oauth2.tokens.clearExpired({
            batchSize: options.batchSize,
            pauseMilliseconds: options.pause,
            signal: interruption.signal,
            onProgress: (state) => {
              progress.update(state.deleted, state.total);
            },
          });
          progress.stop();
          const { exitCode } = interruption;
          context.output.result({ deleted, total, interrupted: exitCode !== undefined }, inWords(deleted, total));
          if (exitCode !== undefined) {
            throw new CliError(exitCode, 'interrupted', `interrupted after ${total} rows; run it again for the rest.`);
          }
        } finally {
          progress.stop();
          interruption.dispose();
        }
      });
    });
}

function inWords(deleted: Readonly<Record<string, number>>, total: number): string {
  const tables = Object.entries(deleted).filter(([, rows]) => rows > 0);
  const list = tables.map(([table, rows]) => `${table} ${rows}`).join(', ');
  return `Deleted ${total} expired rows${list === '' ? '' : ` (${list})`}.`;
}
