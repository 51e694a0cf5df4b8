import { Option } from 'commander';
import type { ActionSummary } from '../../oauth2.js';
import type { CliCommand } from '../cli-command.js';
import { CliContext, usage } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { printHostOutputToStderr } from '../configuration/host-output.js';
import { EXIT_CODES } from '../exit-codes.js';
import { loadHostModule } from '../host-module.js';
import { compareTables, type TableDifferences } from '../routes/compare-tables.js';
import {
  differencesMarkdown,
  differencesText,
  FORMATS,
  type Format,
  linedTable,
  markdownTable,
  ofKind,
} from '../routes/formats.js';
import { isKeptAction, readKeptTable } from '../routes/kept-table.js';
import type { KeptAction } from '../routes/route-rows.js';
import type { Surroundings } from '../surroundings.js';

interface RoutesOptions {
  readonly format?: Format;
  readonly diff?: string;
}

/** `rc-oauth2 routes`: lists what every action of an application requires. */
export function defineRoutes(command: CliCommand, surroundings: Surroundings): void {
  command
    .description(
      'Lists every action of an application: verb, path, requirement, throttles, public or not. Exits with 1, after the\n' +
        'list, if an action has neither a requirement nor @Public(), or another problem.\n' +
        'With --format openapi it prints the OpenAPI document of the application, if all actions are well declared.\n\n' +
        'With --diff it lists instead how guards and throttles differ from a table that was kept with --format json, and\n' +
        'exits with 1 if one became weaker, or may have become so.\n\n' +
        'The module, ES or CommonJS, exports `oauth2` (what createOAuth2 returned), `controllers` (an array of classes)\n' +
        'and, if the application has one, `routePrefix`; or a default object with them. What it prints goes to stderr.\n' +
        '--database and --redis are passed to it as DATABASE_URL and REDIS_URL; the command itself uses neither.',
    )
    .argument('<app module>', 'path of the module; TypeScript is loaded by the tsx of the application, or by Node.js')
    .addOption(new Option('--format <format>', 'how it is printed (default: table)').choices([...FORMATS]))
    .option('--diff <file>', 'compare with a kept table (JSON)')
    .action(async (path: string, options: RoutesOptions, called: CliCommand) => {
      const context = new CliContext(called, surroundings);
      handOver(context);
      const format = formatOf(context, options.format);
      const kept = options.diff === undefined ? undefined : readKeptTable(options.diff);
      if (format === 'openapi' && kept !== undefined)
        throw usage('--diff compares tables: leave --format openapi out.');
      const { actions, document } = await describe(path, format);
      if (document !== undefined) {
        context.output.result({}, document);
        return;
      }
      const differences = kept && compareTables(comparable(actions), kept);
      await print(context, format, actions, differences);
      refuseProblems(context, actions);
      if (differences !== undefined) refuseFindings(differences);
    });
}

/** The module reads its database settings from the environment and may print; stdout is kept for the result. */
function handOver(context: CliContext): void {
  if (context.databaseUrl !== undefined) process.env.DATABASE_URL = context.databaseUrl;
  if (context.redisUrl !== undefined) process.env.REDIS_URL = context.redisUrl;
  printHostOutputToStderr();
}

interface Described {
  readonly actions: ActionSummary[];
  /** The OpenAPI document, if that is asked for and every action can be served. */
  readonly document: string | undefined;
}

async function describe(path: string, format: Format): Promise<Described> {
  const host = await loadHostModule(path);
  const { oauth2, controllers, routePrefix } = host;
  try {
    const actions = oauth2.describe(controllers, routePrefix === undefined ? {} : { routePrefix });
    if (format !== 'openapi' || actions.some(isWrong)) return { actions, document: undefined };
    const { openApiText } = await import('../routes/openapi-format.js');
    return { actions, document: await openApiText(path, host) };
  } finally {
    await oauth2.close();
  }
}

function formatOf({ output }: CliContext, format: Format | undefined): Format {
  if (!output.json) return format ?? 'table';
  if (format !== undefined && format !== 'json') throw usage(`--format ${format}: --json asks for another format.`);
  return 'json';
}

async function print(
  { output }: CliContext,
  format: Format,
  actions: readonly ActionSummary[],
  differences: TableDifferences | undefined,
): Promise<void> {
  const result = differences ?? { actions };
  output.result(result, format === 'json' ? JSON.stringify(result, null, 2) : await text(format, actions, differences));
}

async function text(
  format: Exclude<Format, 'json'>,
  actions: readonly ActionSummary[],
  differences: TableDifferences | undefined,
): Promise<string> {
  if (differences !== undefined)
    return format === 'markdown' ? differencesMarkdown(differences) : differencesText(differences);
  if (actions.length === 0) return 'No actions.';
  return format === 'markdown' ? markdownTable(actions) : linedTable(actions);
}

/** The table as it would be read from a file; the application may bring another version of the package. */
function comparable(actions: readonly ActionSummary[]): readonly KeptAction[] {
  const table: readonly unknown[] = JSON.parse(JSON.stringify(actions));
  if (table.every(isKeptAction)) return table;
  throw usage(
    '--diff: the version of routing-controllers-oauth2 of the application does not describe its guards as data.',
  );
}

function refuseFindings({ findings }: TableDifferences): void {
  if (findings.length === 0) return;
  const parts = (['guard', 'throttle'] as const).flatMap((kind) => {
    const { length } = ofKind(findings, kind);
    return length === 0
      ? []
      : [`${length} ${length === 1 ? `finding is about a ${kind}` : `findings are about ${kind}s`}`];
  });
  throw new CliError(
    EXIT_CODES.refused,
    'weaker_guard',
    `weaker than in the kept table: ${parts.join(', ')}; keep a new table if that is intended.`,
  );
}

function isWrong({ declared, problems }: ActionSummary): boolean {
  return !declared || problems.length > 0;
}

function refuseProblems(context: CliContext, actions: readonly ActionSummary[]): void {
  const found = actions.filter(isWrong);
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
