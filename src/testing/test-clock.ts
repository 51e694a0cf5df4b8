import { type Clock, systemClock } from '../core/clock.js';
import { knownOptions, numberOption, optionPath, refuseOption } from '../core/options/index.js';

/** How far to move a clock; the members add up. */
export interface Duration {
  /** Milliseconds. */
  readonly milliseconds?: number | undefined;
  /** Seconds. */
  readonly seconds?: number | undefined;
  /** Minutes. */
  readonly minutes?: number | undefined;
  /** Hours. */
  readonly hours?: number | undefined;
  /** Days. */
  readonly days?: number | undefined;
}

const UNITS = {
  milliseconds: 1,
  seconds: 1_000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
} as const satisfies Record<keyof Duration, number>;

const UNIT_NAMES = Object.keys(UNITS) as (keyof Duration)[];

/**
 * The clock of `testOAuth2`. It stands still until it is advanced, so that what a test sees (`Retry-After`, what is left of
 * a rate) is the same on a slow machine. With a Redis or a database of the test's own, which have a time of their own, it
 * also goes on with the time of this machine.
 *
 * @example
 * ```ts
 * import type { TestApplication } from 'routing-controllers-oauth2/testing';
 *
 * export async function expiresInAnHour(t: TestApplication): Promise<void> {
 *   const headers = await t.as('ann', ['books:read']);
 *   t.clock.advance({ hours: 1 });
 *   await t.expectDenied(t.fetch('/books', { headers }), 'invalid_token');
 * }
 * ```
 */
export class TestClock implements Clock {
  private readonly startMilliseconds: number;
  private readonly monotonicStartMilliseconds = systemClock.monotonicMilliseconds();
  private advancedMilliseconds = 0;

  /** @internal */
  constructor(private readonly goesOn: boolean) {
    const now = systemClock.nowMilliseconds();
    // Times that are written in seconds are exact by a clock that stands at one.
    this.startMilliseconds = goesOn ? now : Math.floor(now / 1_000) * 1_000;
  }

  /**
   * Moves the clock forward: tokens expire, throttles admit again, and what is cached is asked for anew. Timers do not run
   * earlier, and only what goes by this clock is moved, so not `Date.now()`.
   *
   * @param duration e.g. `{ minutes: 5 }`
   * @throws ConfigurationError if it names no time, or a negative one
   */
  advance(duration: Duration): void {
    const path = 'clock.advance';
    const given = knownOptions<Duration>(path, duration, UNIT_NAMES, 'name a time, e.g. { minutes: 5 }');
    let milliseconds = 0;
    for (const unit of UNIT_NAMES) {
      const amount = given[unit];
      if (amount !== undefined)
        milliseconds += UNITS[unit] * numberOption(optionPath(path, unit), amount, { least: 0 });
    }
    if (milliseconds === 0) refuseOption(path, duration, 'name a time, e.g. { minutes: 5 }');
    this.advancedMilliseconds += milliseconds;
  }

  /** The time in milliseconds since the Unix epoch. */
  nowMilliseconds(): number {
    return this.startMilliseconds + this.elapsedMilliseconds();
  }

  monotonicMilliseconds(): number {
    return this.monotonicStartMilliseconds + this.elapsedMilliseconds();
  }

  private elapsedMilliseconds(): number {
    const passed = this.goesOn ? systemClock.monotonicMilliseconds() - this.monotonicStartMilliseconds : 0;
    return passed + this.advancedMilliseconds;
  }
}
