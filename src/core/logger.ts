/**
 * Receives what an operator should know. `console` and winston are suitable as they are; for pino and loggers like it see
 * `structuredLogger`. No message ever contains a token, a secret or a password.
 */
export interface Logger {
  /** What happened in the course of things. */
  info(message: string): void;
  /** What an operator should look at. */
  warn(message: string): void;
  /** What has failed. */
  error(message: string): void;
}

/** A logger that discards everything. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };

/** A logger whose methods take an object before the message, such as pino and bunyan. */
export interface ObjectLogger {
  /** Something that is normal. */
  info(object: object, message: string): void;
  /** Something that an operator should look at. */
  warn(object: object, message: string): void;
  /** Something that failed. */
  error(object: object, message: string): void;
}

/** What is known of a line besides its text. */
export interface LogDetails {
  /** Equal for all lines of one cause, such as `outage: database`. */
  readonly kind?: string | undefined;
  /** The id of the request, if it has one. */
  readonly requestId?: string | undefined;
  /** How many lines like it were held back before it. */
  readonly omitted?: number | undefined;
}

const TARGET = Symbol('structured logger');

/**
 * Makes a logger for the option `logger` that passes lines on as an object and a message: `info({ kind, requestId, omitted },
 * message)`, as pino and bunyan take them. Nothing but this function marks a logger, since winston and the console have methods of
 * the same names that take the message first.
 *
 * @param target the logger; a child of it where the lines of this package are to be told from others
 * @returns what the option `logger` takes
 *
 * @example
 * ```ts
 * import { createOAuth2, type ObjectLogger, structuredLogger } from 'routing-controllers-oauth2';
 *
 * // `logger` is pino(), for example.
 * export const configured = (logger: ObjectLogger) =>
 *   createOAuth2({ database: ':memory:', logger: structuredLogger(logger), requestId: 'X-Request-Id' });
 * ```
 */
export function structuredLogger(target: ObjectLogger): Logger {
  const logger: Logger & { readonly [TARGET]: ObjectLogger } = {
    [TARGET]: target,
    info: (message) => target.info({}, message),
    warn: (message) => target.warn({}, message),
    error: (message) => target.error({}, message),
  };
  return logger;
}

/** Writes a line with its details: as an object to a structured logger; to any other, the id of the request as text. */
export function writeLine(logger: Logger, level: keyof Logger, message: string, details: LogDetails): void {
  const target = (logger as { readonly [TARGET]?: ObjectLogger })[TARGET];
  const { kind, requestId, omitted } = details;
  if (target === undefined) {
    logger[level](requestId === undefined ? message : `${message} (request ${requestId})`);
    return;
  }
  const object = {
    ...(kind !== undefined && { kind }),
    ...(requestId !== undefined && { requestId }),
    ...(omitted !== undefined && omitted > 0 && { omitted }),
  };
  target[level](object, message);
}
