import type { ActionSummary } from '../../oauth2.js';
import type { CliCommand } from '../cli-command.js';
import { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { printHostOutputToStderr } from '../configuration/host-output.js';
import { EXIT_CODES } from '../exit-codes.js';
import { loadHostModule } from '../host-module.js';
import type { Surroundings } from '../surroundings.js';

/** `rc-oauth2 routes`: lists what every action of an application requires. */
export function defineRoutes(command: CliCommand, surroundings: Surroundings): void {
  command
    .description(
      'Lists every action of an application: verb, path, requirement, throttles, public or not. Exits with 1, after the\n' +
        'list, if an action has neither a requirement nor @Public(), or another problem.\n\n' +
        'The module, ES or CommonJS, exports `oauth2` (what createOAuth2 returned), `controllers` (an array of classes)\n' +
        'and, if the application has one, `routePrefix`; or a default object with them. What it prints goes to stderr.\n' +
        '--database and --redis are passed to it as DATABASE_URL and REDIS_URL; the command itself uses neither.',
    )
    .argument('<app module>', 'path of the module; TypeScript is loaded by the tsx of the application, or by Node.js')
    .action(async (path: string, _options: object, called: CliCommand) => {
      const context = new CliContext(called, surroundings);
      handOver(context);
      const actions = await describe(path);
      context.output.result({ actions }, actions.length === 0 ? 'No actions.' : await table(actions));
      refuseProblems(context, actions);
    });
}

/** The module reads its database settings from the environment and may print; stdout is kept for the result. */
function handOver(context: CliContext): void {
  if (context.databaseUrl !== undefined) process.env.DATABASE_URL = context.databaseUrl;
  if (context.redisUrl !== undefined) process.env.REDIS_URL = context.redisUrl;
  printHostOutputToStderr();
}

async function describe(path: string): Promise<ActionSummary[]> {
  const { oauth2, controllers, routePrefix } = await loadHostModule(path);
  try {
    return oauth2.describe(controllers, routePrefix === undefined ? {} : { routePrefix });
  } finally {
    await oauth2.close();
  }
}

async function table(actions: readonly ActionSummary[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const rows = new Table({
    head: ['Verb', 'Path', 'Requirement', 'Throttles', 'Public', 'Action'],
    // Plain text: the table is read in logs as often as on a terminal.
    style: { head: [], border: [] },
  });
  for (const action of actions) {
    rows.push([
      action.method.toUpperCase(),
      action.path,
      requirementOf(action),
      action.throttles.join(', '),
      action.public ? 'yes' : 'no',
      `${action.controller}.${action.action}`,
    ]);
  }
  return rows.toString();
}

function requirementOf({ declared, public: isPublic, requirement, requirementFrom }: ActionSummary): string {
  if (!declared && !isPublic && requirement === '') return 'UNDECLARED';
  return requirementFrom === 'defaultRequirement' ? `${requirement} (default)` : requirement;
}

function refuseProblems(context: CliContext, actions: readonly ActionSummary[]): void {
  const found = actions.filter((action) => !action.declared || action.problems.length > 0);
  if (found.length === 0) return;
  for (const action of found) {
    const problems = action.problems.length > 0 ? action.problems : ['neither a requirement nor @Public()'];
    for (const problem of problems) {
      context.output.note(
        `${action.method.toUpperCase()} ${action.path} (${action.controller}.${action.action}): ${problem}`,
      );
    }
  }
  const names = found.map((action) => `${action.controller}.${action.action}`).join(', ');
  const which = found.length === 1 ? '1 action is' : `${found.length} actions are`;
  throw new CliError(
    EXIT_CODES.refused,
    'undeclared_action',
    `${which} undeclared or wrongly declared: ${names}; add @Authorized(...) or @Public().`,
  );
}
