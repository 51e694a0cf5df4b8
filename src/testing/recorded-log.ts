import type { Logger } from '../core/logger.js';

/** The most lines that are kept. */
const MOST = 1_000;

/**
 * The logger of `testOAuth2`: silent, but it remembers, so that a failing test can tell what went wrong.
 *
 * @example
 * ```ts
 * import type { TestApplication } from 'routing-controllers-oauth2/testing';
 *
 * export function faults(t: TestApplication): string[] {
 *   return t.log.lines.filter((line) => line.startsWith('error: '));
 * }
 * ```
 */
export class RecordedLog implements Logger {
  private readonly kept: string[] = [];

  info(message: string): void {
    this.keep('info', message);
  }

  warn(message: string): void {
    this.keep('warn', message);
  }

  error(message: string): void {
    this.keep('error', message);
  }

  /** The lines so far, oldest first, each with its level: `error: The guard of …`. */
  get lines(): readonly string[] {
    return [...this.kept];
  }

  private keep(level: string, message: string): void {
    if (this.kept.length < MOST) this.kept.push(`${level}: ${message}`);
  }
}
