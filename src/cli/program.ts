import { secretsOf, withoutTexts } from '../core/options/index.js';
import { CliCommand } from './cli-command.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES, EXIT_CODES_HELP } from './exit-codes.js';
import type { Failure } from './failures.js';
import { Output } from './output.js';
import { packageVersion } from './package-version.js';
import { CACHE_KEYS_VARIABLE, type Surroundings } from './surroundings.js';
import { addTopLevelCommands } from './top-level-commands.js';

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
    refuseNul(argv);
    // `help tokens` is answered by the command itself, which is loaded when it is called.
    const [first, ...rest] = argv;
    await program.parseAsync(first === 'help' ? [...rest, '--help'] : [...argv], { from: 'user' });
    return EXIT_CODES.done;
  } catch (error) {
    // Errors of drivers and of this package are only told apart when there is one.
    const { failureOf } = await import('./failures.js');
    const failure = failureOf(error);
    if (failure === undefined) return EXIT_CODES.done;
    report(failure, argv, surroundings, help.join(''));
    return failure.exitCode;
  }
}

/** The system takes no path with that character, and says so in words of its own. @throws CliError */
function refuseNul(argv: readonly string[]): void {
  const index = argv.findIndex((argument) => argument.includes('\0'));
  if (index === -1) return;
  throw new CliError(EXIT_CODES.usage, 'usage_error', `argument ${index + 1} holds a NUL character`);
}

function createProgram(surroundings: Surroundings, showHelp: (text: string) => void): CliCommand {
  const program = new CliCommand('rc-oauth2')
    .description('Applications, tokens, signing keys, tables and routes of routing-controllers-oauth2.')
    .version(packageVersion(), '--version', 'show the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => surroundings.stdout.write(text), writeErr: showHelp, outputError: () => {} })
    .addHelpText('afterAll', EXIT_CODES_HELP);
  addTopLevelCommands(program, surroundings);
  // Their options and arguments are not loaded yet; set now, so that their own help is not affected.
  program.configureHelp({ subcommandTerm: (command) => command.name() });
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
  const isValue = (index: number) => /^--(database|redis|config|key-prefix|resource)$/.test(argv[index - 1] ?? '');
  for (const keys of [env.OAUTH2_ENCRYPTION_KEYS, env[CACHE_KEYS_VARIABLE]]) {
    passwords.push(...(keys ?? '').split(',').map((key) => key.trim()));
  }
  const aboutToken = argv.includes('tokens') && (argv.includes('inspect') || argv.includes('revoke'));
  return aboutToken
    ? [...passwords, ...argv.filter((argument, index) => /^[\w.~+/=-]{22,}$/.test(argument) && !isValue(index))]
    : passwords;
}
