import { OAuth2Error } from './errors.js';
import { printable } from './printable.js';

/** A failure as the log has it. */
export interface LoggedFailure {
  /** What failures of one cause have in common, for `LogLimiter`. */
  readonly kind: string;
  /** Whether something is away that may come back; else there is a fault somewhere in the code. */
  readonly isOutage: boolean;
  /** One line for an outage; a fault comes with its stack. */
  describe(): string;
}

/** No honest chain of causes is longer. */
const DEEPEST = 5;

/**
 * What to log of an error. An outage has a message and its cause, and no stack: where it was met says nothing. A fault
 * keeps its stack, and its kind is the place where it was thrown.
 */
export function loggedFailure(thrown: unknown): LoggedFailure {
  const known = thrown instanceof Error && thrown.cause instanceof OAuth2Error ? thrown.cause : thrown;
  if (known instanceof OAuth2Error && known.status === 503) {
    return { kind: `outage: ${known.details.part ?? known.code}`, isOutage: true, describe: () => outageLine(known) };
  }
  return {
    kind: `fault: ${known instanceof Error ? placeOf(known) : typeof known}`,
    isOutage: false,
    describe: () => faultLines(known, DEEPEST),
  };
}

function placeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return `${error.name} ${typeof code === 'string' ? code : ''} ${framesOf(error)[0]?.trim() ?? ''}`;
}

function outageLine(error: OAuth2Error): string {
  const { detail, cause } = error.details;
  const said = detail ?? error.message;
  const reason = cause === undefined ? '' : reasonOf(cause);
  return printable(reason === '' || said.includes(reason) ? said : `${said}: ${reason}`);
}

/** The message of an error; an `AggregateError` (several addresses were tried) has none of its own, but a code. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, code } = error as { readonly message?: unknown; readonly code?: unknown };
  if (typeof message === 'string' && message !== '') return message;
  return typeof code === 'string' ? code : String(error);
}

function faultLines(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return printable(String(error));
  const { message, cause } = error;
  const details = error instanceof OAuth2Error ? error.details : {};
  const head = printable([`${error.name}: ${message}`, details.detail].filter((part) => part !== undefined).join(' '));
  const lines = [head, ...framesOf(error)].join('\n');
  if (cause === undefined || depth === 0) return lines;
  return `${lines}\ncaused by ${faultLines(cause, depth - 1)}`;
}

/**
 * The lines of a stack that say where. What stands before them is the message, which may hold what a caller wrote; for
 * some errors the stack was taken before they had one.
 */
function framesOf({ stack = '', message }: Error): string[] {
  const at = message === '' ? -1 : stack.indexOf(message);
  const frames = at < 0 ? stack : stack.slice(at + message.length);
  return frames.split('\n').filter((line) => /^\s+at /.test(line));
}
