import { type Logger, silentLogger } from './logger.js';

/** The time, passed in wherever it decides something, so that tests can move it. */
export interface Clock {
  /** Wall-clock time, in milliseconds since the Unix epoch (UTC). */
  nowMilliseconds(): number;
  /** A clock that never goes back, in milliseconds from an arbitrary start. */
  monotonicMilliseconds(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  nowMilliseconds: () => Date.now(),
  monotonicMilliseconds: () => performance.now(),
};

/** Being behind by less is not corrected: an answer's own way takes time. */
const TOLERANCE_MILLISECONDS = 1_000;

/** How old the reference may be when it is heard of: no answer that took longer is used. */
const OLDEST_REFERENCE_MILLISECONDS = 5_000;

/** Whoever is further apart was set so on purpose, as in a test, or has no time at all. */
const FURTHEST_MILLISECONDS = 86_400_000;

/**
 * A clock that is corrected where it is behind a reference (a database's), so that what has ended by the reference has
 * ended here. One that is ahead is left: it ends things early, which lets nobody in.
 */
export class CorrectedClock implements Clock {
  private behindMilliseconds = 0;
  private told = false;

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger = silentLogger,
  ) {}

  nowMilliseconds(): number {
    return this.clock.nowMilliseconds() + this.behindMilliseconds;
  }

  monotonicMilliseconds(): number {
    return this.clock.monotonicMilliseconds();
  }

  /**
   * Learns from a time that the reference had a moment ago. The correction is changed in steps, since each is a leap of
   * the clock: up for more than a second, down only for more than an answer may be old.
   */
  heed(referenceMilliseconds: number): void {
    const behind = referenceMilliseconds - this.clock.nowMilliseconds();
    const change = behind - this.behindMilliseconds;
    if (change <= TOLERANCE_MILLISECONDS && change >= -OLDEST_REFERENCE_MILLISECONDS) return;
    const correctable = behind > TOLERANCE_MILLISECONDS && behind <= FURTHEST_MILLISECONDS;
    this.behindMilliseconds = correctable ? behind : 0;
    if (behind > TOLERANCE_MILLISECONDS) this.tell(behind, correctable);
  }

  private tell(behind: number, corrected: boolean): void {
    if (this.told) return;
    this.told = true;
    const what = `The clock of this process is ${Math.round(behind / 1000)} seconds behind the database's`;
    this.logger.warn(
      corrected
        ? `${what}; tokens end by the database's. Set the clock (NTP): what this process issues, and other limits, go by its own.`
        : `${what}, which is too far to be corrected: tokens end by this process's clock. Set it (NTP).`,
    );
  }
}

/** The time in whole seconds since the Unix epoch, as OAuth and JWT write it (RFC 7519 §2). */
export function epochSeconds(clock: Pick<Clock, 'nowMilliseconds'>): number {
  return Math.floor(clock.nowMilliseconds() / 1000);
}
