/**
 * Receives what an operator should know. `console`, pino and winston are suitable. No message ever contains a token, a
 * secret or a password.
 */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A logger that discards everything. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
