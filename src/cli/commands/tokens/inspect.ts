import type { CliCommand } from '../../cli-command.js';
import { CliContext, type Surroundings } from '../../cli-context.js';
import { columns } from '../../output.js';
import { resourceOption } from '../../resource.js';

interface InspectOptions {
  readonly resource?: string;
}

/** `rc-oauth2 tokens inspect`: what the database knows of a token, in the shape of RFC 7662 §2.2. */
export function addInspect(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('inspect')
    .summary('tell what a token is good for')
    .description('Prints the introspection answer of RFC 7662: whether the token is active, and if so its properties.')
    .argument('<token>', 'access token; one that begins with -- may be put behind a lone --')
    .addOption(resourceOption('resource to ask for, if the servers set `resource`; tokens for another are not active'))
    .action(async (token: string, options: InspectOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({ resource: options.resource }, async (oauth2) => {
        const answer = await oauth2.tokens.inspect(token);
        const rows = Object.entries(answer).map(([name, value]) => [name, readable(name, value)]);
        context.output.result(answer, columns(rows));
      });
    });
}

/** Times are seconds since 1970 (RFC 7662 §2.2), which nobody reads. */
function readable(name: string, value: unknown): string {
  if (typeof value === 'number' && (name === 'exp' || name === 'iat')) {
    return `${value} (${new Date(value * 1000).toISOString()})`;
  }
  return Array.isArray(value) ? value.join(' ') : String(value);
}
