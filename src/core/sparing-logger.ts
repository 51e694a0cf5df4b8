import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

const PAUSE_MILLISECONDS = 1000;

/** Logs errors that may come once per request, at most once a second, with the count of those left out. */
export class SparingLogger {
  private lastMilliseconds = Number.NEGATIVE_INFINITY;
  private leftOut = 0;

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
  ) {}

  error(message: string): void {
    const now = this.clock.monotonicMilliseconds();
    if (now - this.lastMilliseconds < PAUSE_MILLISECONDS) {
      this.leftOut += 1;
      return;
    }
    const others = this.leftOut === 0 ? '' : ` (and ${this.leftOut} more like it)`;
    this.lastMilliseconds = now;
    this.leftOut = 0;
    this.logger.error(`${message}${others}`);
  }
}
