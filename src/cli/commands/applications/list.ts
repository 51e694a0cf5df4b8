import type { OAuth2Services } from '../../../services.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { wholeNumber } from '../../number-values.js';
import { exactText, shortText } from '../../option-values.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';
import { type DescribedApplication, describeApplication } from './describe.js';
import { known } from './unknown.js';

interface ListOptions {
  readonly name?: string;
  readonly owner?: string;
  readonly limit?: number;
  readonly after?: string;
}

/** How many are listed where a part is asked for and nothing says how many. */
const DEFAULT_LIMIT = 50;
const MOST = 999;

/** `rc-oauth2 applications list`: all applications, or a part of them, without their secrets. */
export function addList(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('list')
    .summary('list the applications')
    .description(
      'Lists all applications in the order of their registration, or with an option a part of them, newest first. Secrets\n' +
        'are stored as digests only, and not shown.',
    )
    .option('--name <text>', 'only those whose name contains this', shortText)
    .option('--owner <id>', 'only those of this user', exactText)
    .option(
      '--limit <applications>',
      `how many at most (default: ${DEFAULT_LIMIT}, or all without another option)`,
      wholeNumber(1, MOST, 'applications.'),
    )
    .option('--after <client_id>', 'where the page begins: `next` of the page before', exactText)
    .action(async (options: ListOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async (oauth2) => {
        const { name, owner, limit, after } = options;
        const isPart = [name, owner, limit, after].some((one) => one !== undefined);
        const found = isPart ? await page(oauth2, options) : { shown: await oauth2.applications.list(), next: null };
        const applications = found.shown.map(describeApplication);
        context.output.result(
          { applications, ...(isPart && { next: found.next }) },
          applications.length === 0 ? 'No applications.' : listed(applications),
        );
        if (found.next !== null) context.output.note(`There are more: --after ${found.next}`);
      });
    });
}

async function page({ applications }: OAuth2Services, { name, owner, limit = DEFAULT_LIMIT, after }: ListOptions) {
  const last = after === undefined ? undefined : known(await applications.findByClientId(after), after);
  const filter = { ...(name !== undefined && { name }), ...(owner !== undefined && { userId: owner }) };
  // One more than is shown says whether there is another page.
  const found = await applications.search(filter, {
    limit: limit + 1,
    ...(last !== undefined && { beforeId: last.id }),
  });
  const shown = found.slice(0, limit);
  return { shown, next: found.length > limit ? (shown.at(-1)?.clientId ?? null) : null };
}

function listed(applications: readonly DescribedApplication[]): string {
  const rows = applications.map((application) => [
    application.client_id,
    application.client_name,
    application.client_type,
    application.grant_types.join(','),
    application.scope ?? '(any)',
    application.disabled ? 'disabled' : 'enabled',
  ]);
  return columns([['CLIENT_ID', 'NAME', 'TYPE', 'GRANTS', 'SCOPE', 'STATE'], ...rows]);
}
