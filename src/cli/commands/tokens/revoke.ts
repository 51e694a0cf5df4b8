import { keyPrefixOption, tellingCaches } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, usage } from '../../cli-context.js';
import { requireConfirmation } from '../../confirm.js';
import { exactText } from '../../option-values.js';
import type { Surroundings } from '../../surroundings.js';

interface RevokeOptions {
  readonly user?: string;
  readonly client?: string;
  readonly yes?: boolean;
  readonly keyPrefix?: string;
}

const ADVICE = 'run the command again when Redis is back';

/** `rc-oauth2 tokens revoke`: revokes tokens, in the database and in every cache. */
export function addRevoke(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('revoke')
    .summary('revoke a token, or all of a user or an application')
    .description(
      'Revokes an access token, or a refresh token with all that came from it. It is not an error if the token is unknown,\n' +
        'expired or revoked already (RFC 7009 §2.2). With --user or --client it revokes all live tokens of a user, of an\n' +
        'application, or of a user at an application, after asking; with --user alone, the browsers of the user are signed\n' +
        'out too.\n' +
        'With --redis or --config every process drops what it has cached; if the servers share a cache that the command\n' +
        'cannot tell, it says so and exits with 3.\n' +
        'If the servers set cache.authenticationKeys, put the same keys, separated by commas, into OAUTH2_CACHE_KEYS.',
    )
    .argument('[token]', 'access or refresh token; put one that begins with -- after a separate --')
    .option('--user <id>', 'id of the user whose tokens to revoke', exactText)
    .option('--client <client_id>', 'client identifier of the application whose tokens to revoke', exactText)
    .option('--yes', 'with --user or --client: do not ask; required without a terminal and with --json')
    .addOption(keyPrefixOption())
    .action(async (token: string | undefined, options: RevokeOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      const { user, client, keyPrefix } = options;
      const isAll = user !== undefined || client !== undefined;
      if ((token === undefined) !== isAll) {
        throw usage('Give either a token, or whose tokens to revoke, with --user <id>, --client <client_id> or both.');
      }
      if (token === undefined) await revokeAll(context, options);
      else await revokeOne(context, token, keyPrefix);
    });
}

function revokeOne(context: CliContext, token: string, keyPrefix: string | undefined): Promise<void> {
  return context.withOAuth2({ keyPrefix, anyVersion: true }, async (oauth2) => {
    const part = { done: 'the token is revoked in the database', advice: ADVICE };
    const revoked = await tellingCaches(context, oauth2, part, ({ tokens }) => tokens.revoke(token));
    context.output.result(
      { revoked },
      revoked ? 'Revoked.' : 'Nothing to revoke: the token is unknown, expired or revoked already.',
    );
  });
}

function revokeAll(context: CliContext, { user, client, yes, keyPrefix }: RevokeOptions): Promise<void> {
  return context.withOAuth2({ keyPrefix }, async (oauth2) => {
    const owner = [
      ...(user === undefined ? [] : [`the user ${JSON.stringify(user)}`]),
      ...(client === undefined ? [] : [`the application ${client}`]),
    ].join(' at ');
    const signedOut = client === undefined ? ', and sign the browsers of the user out' : '';
    await requireConfirmation(context, yes, `Revoke all live tokens of ${owner}${signedOut}?`, 'nothing is revoked');
    const part = { done: `the tokens of ${owner} are revoked in the database`, advice: ADVICE };
    const revoked = await tellingCaches(context, oauth2, part, ({ tokens }) =>
      tokens.revokeAllOf({ ...(user !== undefined && { user }), ...(client !== undefined && { application: client }) }),
    );
    context.output.result({ revoked }, `Revoked: ${revoked} token${revoked === 1 ? '' : 's'}.`);
  });
}
