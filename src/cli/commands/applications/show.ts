import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';
import { describeInFull, inWords } from './describe.js';
import { known } from './unknown.js';

/** `rc-oauth2 applications show`: prints everything that is stored of an application except its secrets. */
export function addShow(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('show')
    .summary('show an application')
    .description(
      'Shows everything that is stored of an application except its secrets. Times are in seconds since 1970 (UTC).',
    )
    .argument('<client_id>', 'client identifier; put one that begins with -- after a separate --')
    .action(async (clientId: string, _options: object, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async ({ applications }) => {
        const described = describeInFull(known(await applications.findByClientId(clientId), clientId));
        context.output.result(described, columns(inWords(described)));
      });
    });
}
