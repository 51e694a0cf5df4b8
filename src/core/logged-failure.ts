import { OAuth2Error } from './errors.js';
import { printable } from './printable.js';

/** A failure as it is logged. */
export interface LoggedFailure {
  /** Equal for all failures of one cause, for `LogLimiter`. */
  readonly kind: string;
  /** Whether something is unavailable that may come back; otherwise there is a fault in code. */
  readonly isOutage: boolean;
  /** One line for an outage; a fault includes its stack. */
  describe(): string;
}

/** Real chains of causes are shorter. */
const DEEPEST = 5;

/**
 * What to log of an error. Of an outage, the message and the cause are logged; the stack would not help. A fault is
 * logged with its stack, and its kind is the place where it was thrown.
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

/** The message of an error. An `AggregateError` (several addresses were tried) may have a code instead. */
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
 * The frames of a stack. The text before them is the message, which may contain input; some errors get their message
 * only after the stack was captured.
 */
function framesOf({ stack = '', message }: Error): string[] {
  const at = message === '' ? -1 : stack.indexOf(message);
  const frames = at < 0 ? stack : stack.slice(at + message.length);
  return frames.split('\n').filter((line) => /^\s+at /.test(line));
}
