import { type Logger, silentLogger } from './logger.js';

/** A clock; passed in, so that tests can control the time. */
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

/** Smaller differences are not corrected, since the database's answer takes time to arrive. */
const TOLERANCE_MILLISECONDS = 1_000;

/** How old a reference time may be when it arrives; slower answers are not used. */
const OLDEST_REFERENCE_MILLISECONDS = 5_000;

/** A larger difference is intentional, as in a test, or the clock was never set. */
const FURTHEST_MILLISECONDS = 86_400_000;

/**
 * Corrects a clock that is behind a reference (the database's), so that what has expired by the reference has expired
 * here too. A clock that is ahead is not corrected: it only makes things expire early.
 */
export class CorrectedClock implements Clock {
  private behindMilliseconds = 0;
  private warned = false;

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
   * Takes note of the reference's time, read a moment ago. The correction changes in steps, because each change makes
   * the clock jump: up if the difference grew by more than a second, down only if it shrank by more than the age that
   * an answer may have.
   */
  heed(referenceMilliseconds: number): void {
    const behind = referenceMilliseconds - this.clock.nowMilliseconds();
    const change = behind - this.behindMilliseconds;
    if (change <= TOLERANCE_MILLISECONDS && change >= -OLDEST_REFERENCE_MILLISECONDS) return;
    const correctable = behind > TOLERANCE_MILLISECONDS && behind <= FURTHEST_MILLISECONDS;
    this.behindMilliseconds = correctable ? behind : 0;
    if (behind > TOLERANCE_MILLISECONDS) this.warn(behind, correctable);
  }

  private warn(behind: number, corrected: boolean): void {
    if (this.warned) return;
    this.warned = true;
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
