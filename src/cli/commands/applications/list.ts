import type { CliCommand } from '../../cli-command.js';
import { CliContext } from '../../cli-context.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';
import { type DescribedApplication, describeApplication } from './describe.js';

/** `rc-oauth2 applications list`: all applications, without their secrets. */
export function addList(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('list')
    .summary('list the applications')
    .description('Lists all applications. Secrets are stored as digests only, and not shown.')
    .action(async (_options: object, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      await context.withOAuth2({}, async (oauth2) => {
        const applications = (await oauth2.applications.list()).map(describeApplication);
        context.output.result({ applications }, applications.length === 0 ? 'No applications.' : listed(applications));
      });
    });
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
