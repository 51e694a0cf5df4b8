import { CommanderError } from 'commander';
import { ConfigurationError, OAuth2Error } from '../core/errors.js';
import { describeName, MASK, refusalText } from '../core/options/index.js';
import { isOutage } from '../storage/database-errors.js';
import { withoutStatement } from '../storage/driver-errors/index.js';
import { CliError } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';

/** A failed run: the exit code and the message. */
export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly description: string;
}

/** Converts an error of a command; `undefined` for what is not a failure (help, version). */
export function failureOf(error: unknown): Failure | undefined {
  if (error instanceof CommanderError) return usageFailure(error);
  if (error instanceof CliError) return { exitCode: error.exitCode, code: error.code, description: error.message };
  if (error instanceof OAuth2Error) {
    const away = error.code === 'temporarily_unavailable';
    return {
      exitCode: away ? EXIT_CODES.unavailable : EXIT_CODES.refused,
      code: error.code,
      description: away ? withReason(error.message, error.details.detail ?? error.cause) : error.message,
    };
  }
  if (error instanceof ConfigurationError) {
    const description = error.message.replace(/^The option database /, 'The option --database (or DATABASE_URL) ');
    return { exitCode: EXIT_CODES.usage, code: 'usage_error', description };
  }
  if (isOutage(error)) return failureOf(unavailable('the database or Redis is unavailable', error));
  return { exitCode: EXIT_CODES.refused, code: 'server_error', description: reasonOf(error) };
}

/** Something that the command needs cannot be reached or used. */
export function unavailable(what: string, cause: unknown): CliError {
  return new CliError(EXIT_CODES.unavailable, 'temporarily_unavailable', withReason(what, cause), { cause });
}

function usageFailure(error: CommanderError): Failure | undefined {
  if (error.exitCode === 0) return undefined;
  const help = error.code === 'commander.help';
  const description = help ? 'no command given; see rc-oauth2 --help.' : usageDescription(error.message);
  return { exitCode: EXIT_CODES.usage, code: 'usage_error', description };
}

/** The message of commander, with the values that it repeats masked as in `refuseOption`. */
function usageDescription(message: string): string {
  const said = message.replace(/^error: /, '');
  const [, flag, given, fix] = /^option '(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s.exec(said) ?? [];
  if (flag !== undefined) return refusalText(flag, given, withoutStop(fix));
  const [, value, name, wanted] =
    /^command-argument value '(.*)' is invalid for argument '(.*?)'\. (.*)$/s.exec(said) ?? [];
  if (name !== undefined) return refusalText(`The argument <${name}>`, value, withoutStop(wanted));
  // If there is a suggestion, the text is nearly a name; otherwise it may be anything.
  return said.replace(/^(unknown (?:option|command)) '(.*?)'(?=\s*(?:\(Did you mean|$))/s, (_, what, name: string) => {
    const [flag = ''] = name.split('=', 1);
    const hasHint = said.includes('(Did you mean');
    const bare = flag.replace(/^--?/, '');
    // `-psecret`, the way other tools take a password: a letter follows the hyphen, and the rest is a value.
    if (/^-[^-]./.test(flag)) return `${what} '${flag.slice(0, 2)}${MASK}'`;
    const shown = hasHint && bare.length < 32 ? bare : describeName(bare);
    return `${what} '${flag.slice(0, flag.length - bare.length)}${shown}'`;
  });
}

function withoutStop(sentence = ''): string {
  return sentence.replace(/\.$/, '');
}

function withReason(what: string, cause: unknown): string {
  const reason = cause === undefined ? '' : reasonOf(cause);
  return reason === '' ? what : `${what.replace(/\.$/, '')}: ${reason}`;
}

/** Drivers put the reason into `message`, only into `code`, or into a nested `cause` or `errors`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  const detail = error instanceof OAuth2Error ? (error.details.detail ?? error.cause) : undefined;
  if (detail !== undefined) return reasonOf(detail);
  const { code, nativeError, sqlMessage } = error as { code?: unknown; nativeError?: unknown; sqlMessage?: unknown };
  if (nativeError instanceof Error) return reasonOf(nativeError);
  if (typeof sqlMessage === 'string') return sqlMessage;
  return withoutStatement(error.message) || (typeof code === 'string' ? code : error.name);
}
