import { keyPrefixOption, tellingCaches } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import type { Surroundings } from '../../surroundings.js';

interface RevokeOptions {
  readonly keyPrefix?: string;
}

const REVOKED = { done: 'the token is revoked in the database', advice: 'run the command again when Redis is back' };

/** `rc-oauth2 tokens revoke`: revokes a token, in the database and in every cache. */
export function addRevoke(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('revoke')
    .summary('revoke an access token')
    .description(
      'Revokes an access token. It is not an error if the token is unknown, expired or revoked already (RFC 7009 §2.2).\n' +
        'With --redis every process drops it from its cache; without it, processes notice within their revocation bound.\n' +
        'If the servers set cache.authenticationKeys, put the same keys, separated by commas, into OAUTH2_CACHE_KEYS.',
    )
    .argument('<token>', 'access token; put one that begins with -- after a separate --')
    .addOption(keyPrefixOption())
    .action(async (token: string, options: RevokeOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      const needs = { keyPrefix: options.keyPrefix, anyVersion: true };
      await context.withOAuth2(needs, async (oauth2) => {
        const revoked = await tellingCaches(context, oauth2, REVOKED, ({ tokens }) => tokens.revoke(token));
        context.output.result(
          { revoked },
          revoked ? 'Revoked.' : 'Nothing to revoke: the token is unknown, expired or revoked already.',
        );
      });
    });
}
