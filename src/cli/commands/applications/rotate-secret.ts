import { ConfigurationError, InvalidClientError } from '../../../core/errors.js';
import type { CliCommand } from '../../cli-command.js';
import { CliError } from '../../cli-error.js';
import { CliContext, type Surroundings } from '../../context.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { columns } from '../../output.js';

/** `rc-oauth2 applications rotate-secret`: gives an application a new secret and shows it, this once. */
export function addRotateSecret(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('rotate-secret')
    .summary('give an application a new secret')
    .description(
      'Gives an application a new secret and prints it, this once: only its digest is stored. The old secret, also an\n' +
        'imported one, is worthless at once; tokens that it was used for stay good.',
    )
    .argument('<client_id>', 'client identifier; one that begins with -- may be put behind a lone --')
    .action(async (clientId: string, _options: object, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async ({ applications }) => {
        const clientSecret = await refusing(applications.rotateSecret(clientId));
        if (clientSecret === undefined)
          throw new InvalidClientError(`There is no application with the client id ${JSON.stringify(clientId)}.`);
        const rotated = { client_id: clientId, client_secret: clientSecret };
        context.output.result(rotated, columns(Object.entries(rotated)));
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
