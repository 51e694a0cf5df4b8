import type { CliCommand } from './cli-command.js';
import type { Surroundings } from './surroundings.js';

/** Gives a command its options, arguments, subcommands and action. */
export type Define = (command: CliCommand, surroundings: Surroundings) => void;

/** A command that the help names; the rest of it is loaded when it is called. */
interface TopLevelCommand {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Define>;
}

/** In the order of the help. */
const COMMANDS: readonly TopLevelCommand[] = [
  {
    name: 'init',
    summary: 'write a small application to start from',
    load: async () => (await import('./commands/init.js')).defineInit,
  },
  {
    name: 'migrate',
    summary: 'create or change the tables',
    load: async () => (await import('./commands/migrate.js')).defineMigrate,
  },
  {
    name: 'applications',
    summary: 'register, list, change, disable and delete applications (clients), and give them new secrets',
    load: async () => (await import('./commands/applications/index.js')).defineApplications,
  },
  {
    name: 'tokens',
    summary: 'issue, list, inspect and revoke tokens',
    load: async () => (await import('./commands/tokens/index.js')).defineTokens,
  },
  {
    name: 'sessions',
    summary: 'list and end the sessions of browsers at the authorization server',
    load: async () => (await import('./commands/sessions/index.js')).defineSessions,
  },
  {
    name: 'keys',
    summary: 'list and rotate the keys that the authorization server signs with',
    load: async () => (await import('./commands/keys/index.js')).defineKeys,
  },
  {
    name: 'import',
    summary: 'bring applications, tokens and consents from another server',
    load: async () => (await import('./commands/import/index.js')).defineImport,
  },
  {
    name: 'routes',
    summary: 'list what every action requires',
    load: async () => (await import('./commands/routes.js')).defineRoutes,
  },
];

/** Adds all commands to the program. */
export function addTopLevelCommands(program: CliCommand, surroundings: Surroundings): void {
  const loads = new Map<unknown, TopLevelCommand['load']>();
  for (const { name, summary, load } of COMMANDS) loads.set(program.command(name).summary(summary), load);
  program.hook('preSubcommand', async (_program, command) => {
    const define = await loads.get(command)?.();
    define?.(command as CliCommand, surroundings);
  });
}
