import { InvalidClientError, InvalidScopeError } from '../../../core/errors.js';
import { formatScope } from '../../../core/scopes.js';
import type { OAuth2Services } from '../../../services.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { CliError } from '../../cli-error.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { wholeNumber } from '../../number-values.js';
import { exactText, scopes } from '../../option-values.js';
import { columns } from '../../output.js';
import { resourceOption } from '../../resource.js';
import type { Surroundings } from '../../surroundings.js';

/** A hundred years: more than any token needs, and within the range of dates. */
const MAXIMUM_LIFETIME_SECONDS = 3_155_760_000;

interface IssueOptions {
  readonly client: string;
  readonly user?: string;
  readonly scope: string[];
  readonly lifetime?: number;
  readonly resource?: string;
}

/** `rc-oauth2 tokens issue`: issues an access token, for trying things out and for machines without a grant. */
export function addIssue(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('issue')
    .summary('issue an access token')
    .description('Issues an access token and prints it only this once, because only its digest is stored.')
    .requiredOption('--client <client_id>', 'application that the token is issued to', exactText)
    .option(
      '--user <id>',
      'user for whom the token acts (scopesOf and mayGrant are called only with --config); without it the token acts for the application',
      exactText,
    )
    .requiredOption('--scope <scopes>', 'scopes separated by spaces; "" for a token without scope', scopes)
    .option(
      '--lifetime <seconds>',
      'seconds until the token expires, negative for an expired token; default: the lifetime of the application, else 3600',
      wholeNumber(-MAXIMUM_LIFETIME_SECONDS, MAXIMUM_LIFETIME_SECONDS, 'seconds, negative for an expired token.'),
    )
    .addOption(resourceOption('resource that the token is meant for, if the servers set `resource`'))
    .action(async (options: IssueOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({ resource: options.resource }, async (oauth2) => {
        const { access_token, token_type, expires_in, scope } = await issue(oauth2, options);
        const issued = { access_token, token_type, expires_in, scope };
        context.output.result(issued, columns(Object.entries(issued).map(([name, value]) => [name, String(value)])));
      });
    });
}

async function issue(oauth2: OAuth2Services, { client, user, scope, lifetime }: IssueOptions) {
  try {
    return await oauth2.tokens.issue({
      application: client,
      ...(user === undefined ? {} : { user }),
      scope,
      lifetimeSeconds: lifetime,
    });
  } catch (error) {
    if (error instanceof InvalidClientError) {
      const message = `--client ${client}: ${error.message} See rc-oauth2 applications list.`;
      throw new CliError(EXIT_CODES.refused, error.code, message, { cause: error });
    }
    if (error instanceof InvalidScopeError) {
      const allowed = (await oauth2.applications.findByClientId(client))?.scope;
      const hint = typeof allowed === 'string' ? ` It may have "${allowed}".` : '';
      const message = `--scope "${formatScope(scope)}": ${error.message}${hint}`;
      throw new CliError(EXIT_CODES.refused, error.code, message, { cause: error });
    }
    throw error;
  }
}
