/**
 * Where the package says what an operator should know. `console` fits, and so do pino and winston.
 * No message and no field ever holds a token, a secret or a password.
 */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A logger that keeps silent. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
