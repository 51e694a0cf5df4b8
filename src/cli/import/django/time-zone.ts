const DAY_MILLISECONDS = 86_400_000;

/** A time zone of the IANA database, e.g. `Europe/Berlin`. */
export class TimeZone {
  private constructor(private readonly clock: Intl.DateTimeFormat) {}

  /** `undefined` if there is no zone of this name. */
  static named(timeZone: string): TimeZone | undefined {
    const two = '2-digit' as const;
    const time = { hour: two, minute: two, second: two, hourCycle: 'h23' } as const;
    try {
      return new TimeZone(
        new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: two, day: two, ...time }),
      );
    } catch {
      return undefined;
    }
  }

  /**
   * When clocks in this zone show a time. In the night in which they are put back they show some times twice: it is the earlier
   * moment then, so that nothing is valid for longer than it was.
   *
   * @param shownMilliseconds the time that they show, as if it were UTC, in milliseconds since the Unix epoch
   * @returns milliseconds since the Unix epoch
   */
  momentOf(shownMilliseconds: number): number {
    const moments = [shownMilliseconds - DAY_MILLISECONDS, shownMilliseconds + DAY_MILLISECONDS].map(
      (near) => shownMilliseconds - this.offsetAt(near),
    );
    const shown = moments.filter((moment) => moment + this.offsetAt(moment) === shownMilliseconds);
    // A time that clocks skip is between two that they show.
    return Math.min(...(shown.length > 0 ? shown : moments));
  }

  /** By how many milliseconds clocks are ahead of UTC at a moment. */
  private offsetAt(moment: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.clock.formatToParts(moment)) parts[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000;
  }
}
