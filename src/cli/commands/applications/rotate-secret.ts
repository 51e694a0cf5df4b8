import { ConfigurationError } from '../../../core/errors.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, type Surroundings } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { duration } from '../../option-values.js';
import { columns } from '../../output.js';
import { inWords } from './describe.js';
import { known } from './unknown.js';

/** As the storage has it: 90 days. */
const LONGEST_OVERLAP_SECONDS = 90 * 86_400;

interface RotateOptions {
  /** In seconds. */
  readonly overlap: number;
}

const overlap = duration(LONGEST_OVERLAP_SECONDS, '90d');

/** `rc-oauth2 applications rotate-secret`: gives an application a new secret and shows it, this once. */
export function addRotateSecret(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('rotate-secret')
    .summary('give an application a new secret')
    .description(
      'Gives an application a new secret and prints it, this once: only its digest is stored. The old secret, also an\n' +
        'imported one, is worthless at once, or with --overlap once that time is over; one from before it is dropped. Tokens\n' +
        'that were issued stay good.',
    )
    .argument('<client_id>', 'client identifier; one that begins with -- may be put behind a lone --')
    .option('--overlap <duration>', 'how long the old secret stays good: 90s, 45m, 24h, 7d; at most 90d', overlap, 0)
    .action(async (clientId: string, { overlap: overlapSeconds }: RotateOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async ({ applications }) => {
        const clientSecret = await refusing(applications.rotateSecret(clientId, { overlapSeconds }));
        known(clientSecret, clientId);
        const rotated = {
          client_id: clientId,
          client_secret: clientSecret,
          ...(overlapSeconds > 0 && { previous_client_secret_expires_in: overlapSeconds }),
        };
        context.output.result(rotated, columns(inWords(rotated)));
        context.output.note('Keep the client_secret now: it is not shown again.');
      });
    });
}

/** That an application has no secret is in the database, not in the call. */
async function refusing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CliError(EXIT_CODES.refused, 'no_client_secret', error.message, { cause: error });
  }
}
