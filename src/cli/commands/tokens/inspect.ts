import { formOf } from '../../../core/token-form.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { columns } from '../../output.js';
import { resourceOption } from '../../resource.js';
import type { Surroundings } from '../../surroundings.js';

interface InspectOptions {
  readonly resource?: string;
}

/** `rc-oauth2 tokens inspect`: shows what the database knows about a token, in the format of RFC 7662 §2.2. */
export function addInspect(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('inspect')
    .summary('show the state of a token')
    .description(
      'Prints the introspection response of RFC 7662: whether the token is active, and if so its properties.\n' +
        'A JWT can only be inspected with --config, since the options of the servers name the issuers that they accept.',
    )
    .argument('<token>', 'access token; put one that begins with -- after a separate --')
    .addOption(
      resourceOption(
        'resource for which the token is checked, if the servers set `resource`; tokens for another are not active',
      ),
    )
    .action(async (token: string, options: InspectOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await refuseUnknowable(context, token);
      await context.withInspection({ resource: options.resource }, async (tokens) => {
        const answer = await tokens.inspect(token);
        const rows = Object.entries(answer).map(([name, value]) => [name, readable(name, value)]);
        context.output.result(answer, columns(rows));
      });
    });
}

/**
 * Whether a JWT is active depends on the issuers that the servers accept.
 *
 * @throws CliError for a JWT without the options of the servers
 */
async function refuseUnknowable(context: CliContext, token: string): Promise<void> {
  if (formOf(token).kind !== 'jwt' || (await context.configuration()) !== undefined) return;
  throw new CliError(
    EXIT_CODES.refused,
    'unknown_issuer',
    'whether a JWT is active cannot be known without the options of the servers, which name the issuers that they accept; give --config <file>.',
  );
}

/** Times are seconds since 1970 (RFC 7662 §2.2), which are hard to read. */
function readable(name: string, value: unknown): string {
  if (typeof value === 'number' && (name === 'exp' || name === 'iat')) {
    return `${value} (${new Date(value * 1000).toISOString()})`;
  }
  return Array.isArray(value) ? value.join(' ') : String(value);
}
