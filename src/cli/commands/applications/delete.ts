import { keyPrefixOption, tellingCaches } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { requireConfirmation } from '../../confirm.js';
import type { Surroundings } from '../../surroundings.js';
import { known } from './unknown.js';

interface DeleteOptions {
  readonly yes?: boolean;
  readonly keyPrefix?: string;
}

/** `rc-oauth2 applications delete`: removes an application and everything that was issued to it. */
export function addDelete(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('delete')
    .summary('delete an application and its tokens')
    .description(
      'Deletes an application with all its tokens, codes and consents.\n' +
        'With --redis every process drops its tokens from its cache; without it, processes notice within their revocation bound.',
    )
    .argument('<client_id>', 'client identifier; put one that begins with -- after a separate --')
    .option('--yes', 'do not ask; required without a terminal and with --json')
    .addOption(keyPrefixOption())
    .action(async (clientId: string, options: DeleteOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({ keyPrefix: options.keyPrefix }, async (oauth2) => {
        known((await oauth2.applications.exists(clientId)) || undefined, clientId);
        const question = `Delete the application ${clientId} with all its tokens and consents?`;
        await requireConfirmation(context, options.yes, question, 'nothing is deleted');
        const done = `the application ${clientId} is deleted from the database`;
        const deleted = await tellingCaches(context, oauth2, { done }, ({ applications }) =>
          applications.delete(clientId),
        );
        known(deleted || undefined, clientId);
        context.output.result({ client_id: clientId, deleted: true }, `Deleted ${clientId} and its tokens.`);
      });
    });
}
