import { readFileSync } from 'node:fs';
import { secretsOf, withoutTexts } from '../core/options/index.js';
import { CliCommand } from './cli-command.js';
import { CACHE_KEYS_VARIABLE, type Surroundings } from './cli-context.js';
import { addApplications } from './commands/applications/index.js';
import { addKeys } from './commands/keys/index.js';
import { addMigrate } from './commands/migrate.js';
import { addRoutes } from './commands/routes.js';
import { addSessions } from './commands/sessions/index.js';
import { addTokens } from './commands/tokens/index.js';
import { EXIT_CODES, EXIT_CODES_HELP } from './exit-codes.js';
import { type Failure, failureOf } from './failures.js';
import { Output } from './output.js';

/**
 * Runs the command line.
 *
 * @param argv the arguments, without the interpreter and the script
 * @returns the exit code; everything that was opened is closed
 */
export async function run(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  // Commander prints help before the error is known; with --json only the error is printed.
  const help: string[] = [];
  const program = createProgram(surroundings, (text) => help.push(text));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return EXIT_CODES.done;
  } catch (error) {
    const failure = failureOf(error);
    if (failure === undefined) return EXIT_CODES.done;
    report(failure, argv, surroundings, help.join(''));
    return failure.exitCode;
  }
}

function createProgram(surroundings: Surroundings, showHelp: (text: string) => void): CliCommand {
  const program = new CliCommand('rc-oauth2')
    .description('Applications, tokens, signing keys, tables and routes of routing-controllers-oauth2.')
    .version(packageVersion(), '--version', 'show the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: showHelp, outputError: () => {} })
    .addHelpText('afterAll', EXIT_CODES_HELP);
  addMigrate(program, surroundings);
  addApplications(program, surroundings);
  addTokens(program, surroundings);
  addSessions(program, surroundings);
  addKeys(program, surroundings);
  addRoutes(program, surroundings);
  return program;
}

function report(failure: Failure, argv: readonly string[], surroundings: Surroundings, help: string): void {
  const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const output = new Output(options.includes('--json'), surroundings.stdout, surroundings.stderr);
  if (help !== '' && !output.json) surroundings.stderr.write(`${help}\n`);
  output.failure(failure.code, withoutTexts(failure.description, secretsIn(argv, surroundings.env)));
}

/**
 * Texts that must never be printed: passwords in URLs, encryption keys, and the token given to `tokens inspect` or
 * `revoke`.
 */
function secretsIn(argv: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const values = [...argv.map((argument) => argument.replace(/^--[a-z-]+=/, '')), env.DATABASE_URL, env.REDIS_URL];
  const passwords = values.flatMap((value) => (value === undefined ? [] : secretsOf(value)));
  const isValue = (index: number) => /^--(database|redis|key-prefix|resource)$/.test(argv[index - 1] ?? '');
  for (const keys of [env.OAUTH2_ENCRYPTION_KEYS, env[CACHE_KEYS_VARIABLE]]) {
    passwords.push(...(keys ?? '').split(',').map((key) => key.trim()));
  }
  const aboutToken = argv.includes('tokens') && (argv.includes('inspect') || argv.includes('revoke'));
  return aboutToken
    ? [...passwords, ...argv.filter((argument, index) => /^[\w.~+/=-]{22,}$/.test(argument) && !isValue(index))]
    : passwords;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
