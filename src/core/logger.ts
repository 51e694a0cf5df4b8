/**
 * Receives what an operator should know. `console`, pino and winston are suitable. No message ever contains a token, a
 * secret or a password.
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
