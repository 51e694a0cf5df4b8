import { InvalidArgumentError } from 'commander';
import { keyPrefixOption, tellingCaches } from '../../caches.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, usage } from '../../cli-context.js';
import { exactText } from '../../option-values.js';
import type { Surroundings } from '../../surroundings.js';

interface EndOptions {
  readonly user?: string;
  readonly keyPrefix?: string;
}

const ENDED = { done: 'the sessions have ended', advice: 'run the command again when Redis is back' };

/** `rc-oauth2 sessions end`: signs browsers out. */
export function addEnd(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('end')
    .summary('end one session, or all of a user')
    .description(
      'Ends a session by its id, or with --user all sessions of a user. Their tokens are revoked, except those with\n' +
        'offline_access. It is not an error if a session is unknown or has ended already.\n' +
        'With --redis every process drops the tokens from its cache; without it, processes notice within their revocation bound.',
    )
    .argument(
      '[id]',
      'id of the session, as shown by sessions list; put one that begins with -- after a separate --',
      sessionId,
    )
    .option('--user <id>', 'id of the user whose sessions to end', exactText)
    .addOption(keyPrefixOption())
    .action(async (id: string | undefined, { user, keyPrefix }: EndOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      if ((id === undefined) === (user === undefined)) {
        throw usage('Give either the id of a session, or a user with --user <id>.');
      }
      await context.withOAuth2({ ...(keyPrefix !== undefined && { keyPrefix }) }, async (oauth2) => {
        const ended = await tellingCaches(context, oauth2, ENDED, async ({ sessions }) =>
          user === undefined ? Number(await sessions.end(id as string)) : sessions.endAllOf({ user }),
        );
        context.output.result(
          { ended },
          ended === 0
            ? 'Nothing to end: there is no such session.'
            : `Ended: ${ended} session${ended === 1 ? '' : 's'}.`,
        );
      });
    });
}

function sessionId(value: string): string {
  if (!/^[A-Za-z0-9_-]{43}$/.test(value)) throw new InvalidArgumentError('Give an id as sessions list shows it.');
  return value;
}
