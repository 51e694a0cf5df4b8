import { ConfigurationError } from '../../../core/errors.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { duration } from '../../number-values.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';
import { inWords } from './describe.js';
import { known } from './unknown.js';

/** The limit of the storage: 90 days. */
const LONGEST_OVERLAP_SECONDS = 90 * 86_400;

interface RotateOptions {
  /** In seconds. */
  readonly overlap: number;
}

const overlap = duration(LONGEST_OVERLAP_SECONDS, '90d');

/** `rc-oauth2 applications rotate-secret`: gives an application a new secret and prints it, only this once. */
export function addRotateSecret(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('rotate-secret')
    .summary('give an application a new secret')
    .description(
      'Gives an application a new secret and prints it only this once, because only its digest is stored. The old secret,\n' +
        'also an imported one, stops working now, or with --overlap after that time; an even older one stops working now.\n' +
        'Tokens that were issued stay valid.',
    )
    .argument('<client_id>', 'client identifier; put one that begins with -- after a separate --')
    .option('--overlap <duration>', 'how long the old secret stays valid: 90s, 45m, 24h, 7d; at most 90d', overlap, 0)
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
        context.output.note('Store the client_secret now: it is not shown again.');
      });
    });
}

/** Whether an application has a secret is a state of the database, not an error of usage. */
async function refusing<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CliError(EXIT_CODES.refused, 'no_client_secret', error.message, { cause: error });
  }
}
