import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { exactText } from '../../option-values.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';

interface ListOptions {
  readonly user: string;
}

/** The greatest number of sessions that are listed. */
const PAGE_SIZE = 1_000;

/** `rc-oauth2 sessions list`: lists where a user is signed in. */
export function addList(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('list')
    .summary('list the browsers of a user')
    .description('Lists the browsers in which a user is signed in, newest first. The ids are not secret.')
    .requiredOption('--user <id>', 'id of the user', exactText)
    .action(async ({ user }: ListOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async (oauth2) => {
        const sessions = [];
        for (let after: string | undefined; ; ) {
          const page = await oauth2.sessions.listFor(user, { limit: PAGE_SIZE, ...(after !== undefined && { after }) });
          sessions.push(...page);
          if (page.length < PAGE_SIZE) break;
          after = page.at(-1)?.id;
        }
        const described = sessions.map((session) => ({
          id: session.id,
          user_id: session.userId,
          begun_at: new Date(session.begunAtMilliseconds).toISOString(),
          last_seen_at: new Date(session.lastSeenAtMilliseconds).toISOString(),
          expires_at: new Date(session.expiresAtMilliseconds).toISOString(),
          browser: session.browser,
          address: session.address,
        }));
        const rows = described.map(({ id, begun_at, last_seen_at, browser, address }) => [
          id,
          begun_at,
          last_seen_at,
          browser ?? '(unknown)',
          address ?? '(unknown)',
        ]);
        const text = columns([['ID', 'SIGNED_IN', 'LAST_SEEN', 'BROWSER', 'ADDRESS'], ...rows]);
        context.output.result({ sessions: described }, rows.length === 0 ? 'No sessions.' : text);
      });
    });
}
