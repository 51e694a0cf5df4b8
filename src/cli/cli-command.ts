import { Command, Option, type ParseOptionsResult } from 'commander';
import { wholeNumber } from './number-values.js';

/** The options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly database?: string;
  readonly databaseDeadline?: number;
  /** `false`: there are no caches to tell, or they are not to be told. */
  readonly redis?: string | false;
  /** `false`: not even the one that package.json names. */
  readonly config?: string | false;
  readonly json?: boolean;
}

const GLOBAL_HEADING = 'Global options:';

/**
 * A command with the global options, and with two behaviours that commander lacks.
 *
 * Tokens and client identifiers are base64url, so one in 64 begins with a hyphen: `tokens revoke -abc` treats it as the
 * token. And in `--name --json` the value is missing; it is not an application called `--json`.
 */
export class CliCommand extends Command {
  constructor(name?: string) {
    super(name);
    this.addOption(
      new Option(
        '--database <url>',
        'database, e.g. sqlite:.data/oauth2.sqlite or mysql://… (env: DATABASE_URL)',
      ).helpGroup(GLOBAL_HEADING),
    );
    this.addOption(
      new Option('--database-deadline <milliseconds>', 'how long a statement may take (default: 15000)')
        .argParser(wholeNumber(100, 600_000, 'milliseconds.'))
        .helpGroup(GLOBAL_HEADING),
    );
    this.addOption(
      new Option('--redis <url>', 'Redis that holds the shared token cache, redis://… (env: REDIS_URL)').helpGroup(
        GLOBAL_HEADING,
      ),
    );
    this.addOption(
      new Option('--no-redis', 'do not tell the shared token cache, also if the servers have one').helpGroup(
        GLOBAL_HEADING,
      ),
    );
    this.addOption(
      new Option(
        '--config <file>',
        'module of the application with the options of createOAuth2 (package.json: "rc-oauth2": { "config": … })',
      ).helpGroup(GLOBAL_HEADING),
    );
    this.addOption(new Option('--no-config', 'do not load what package.json names').helpGroup(GLOBAL_HEADING));
    this.addOption(new Option('--json', 'print one JSON object').helpGroup(GLOBAL_HEADING));
    this.helpOption('-h, --help', 'show help');
  }

  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  override parseOptions(argv: string[]): ParseOptionsResult {
    return super.parseOptions(this.commands.length === 0 ? this.withMarkedOperands(argv) : argv);
  }

  /** The value of a global option: the last one on the command line wins. */
  globalOptions(): GlobalOptions {
    const chain: Command[] = [];
    for (let command: Command | null = this; command !== null; command = command.parent) chain.unshift(command);
    return Object.assign({}, ...chain.map((command) => command.opts()));
  }

  private withMarkedOperands(argv: readonly string[]): string[] {
    const options: string[] = [];
    const operands: string[] = [];
    for (let index = 0; index < argv.length; index += 1) {
      const argument = argv[index] as string;
      if (argument === '--') {
        operands.push(...argv.slice(index + 1));
        break;
      }
      if (this.isOperand(argument)) {
        operands.push(argument);
        continue;
      }
      options.push(argument);
      const option = this.options.find((candidate) => candidate.long === argument);
      if (!option?.required) continue;
      index += 1;
      options.push(this.valueFor(option, argv[index]));
    }
    return operands.length === 0 ? options : [...options, '--', ...operands];
  }

  private isOperand(argument: string): boolean {
    if (!argument.startsWith('-')) return true;
    if (this.registeredArguments.length === 0 || this.isFlag(argument)) return false;
    // A generated value is longer than any option, and with a single hyphen there is no option but -h.
    return argument.startsWith('--') ? /^[\w-]{22,}$/.test(argument) : argument.length > 2;
  }

  private valueFor(option: Option, value: string | undefined): string {
    if (value === undefined || this.isFlag(value)) {
      const hint = value === undefined ? '' : `; write ${option.long}=${value} if that is the value`;
      this.error(`error: option '${option.flags}' argument missing${hint}`, {
        code: 'commander.optionMissingArgument',
      });
    }
    return value;
  }

  private isFlag(argument: string): boolean {
    const flag = argument.startsWith('--') ? argument.replace(/=.*$/s, '') : argument;
    return flag === '-h' || flag === '--help' || this.options.some((option) => option.long === flag);
  }
}
