/** A unit is free at most one slot too late; a window has this many slots. */
export const SLOTS = 100;
/** Beyond this number of entries, those of one slot are merged. */
export const MAXIMUM_ENTRIES = 2 * SLOTS;

/**
 * The admissions of one key in the last window, as a log of (time, units): a unit is free again one window after its
 * time, so that no span of the window's length ever contains more than the limit.
 *
 * It is neither GCRA, which admits almost twice the limit in one span (3/min with calls at 0, 20 and 40 s would admit a
 * fourth at 40 s), nor two counters, which only estimate the last window (the same caller would wait until 80 s). Up to
 * 200 different times are kept exactly, as in Django REST Framework's `SimpleRateThrottle`. Beyond that, the times
 * within one hundredth of the window are merged into the latest of them, so that the size is bounded, and a unit
 * becomes free at most that hundredth too late.
 *
 * The script of the ledger does the same (`redis/scripts/sliding-log.ts`).
 */
export class SlidingLog {
  private readonly windowMilliseconds: number;
  /** Ascending. */
  private readonly times: number[] = [];
  private readonly units: number[] = [];
  private total = 0;

  constructor(windowMilliseconds: number) {
    this.windowMilliseconds = windowMilliseconds;
  }

  /** The units that count now. */
  used(now: number): number {
    let ended = 0;
    while (ended < this.times.length && this.endOf(ended) <= now) {
      this.total -= this.units[ended] as number;
      ended++;
    }
    if (ended > 0) {
      this.times.splice(0, ended);
      this.units.splice(0, ended);
    }
    return this.total;
  }

  /** Counts units from `at` on. */
  add(at: number, units: number): void {
    if (units === 0) return;
    this.total += units;
    let index = this.times.length;
    while (index > 0 && (this.times[index - 1] as number) > at) index--;
    if (index > 0 && this.times[index - 1] === at) {
      this.units[index - 1] = (this.units[index - 1] as number) + units;
      return;
    }
    this.times.splice(index, 0, at);
    this.units.splice(index, 0, units);
    if (this.times.length > MAXIMUM_ENTRIES) this.compact();
  }

  /** Takes back units that were counted at `at`, if they still count. */
  remove(at: number, units: number, now: number): void {
    // They do not count any more; the rest of their slot belongs to others.
    if (at + this.windowMilliseconds <= now) return;
    const slot = this.slotOf(at);
    let left = units;
    for (let index = 0; index < this.times.length && left > 0; index++) {
      const time = this.times[index] as number;
      if (time < at) continue;
      if (this.slotOf(time) !== slot) break;
      const taken = Math.min(left, this.units[index] as number);
      this.units[index] = (this.units[index] as number) - taken;
      this.total -= taken;
      left -= taken;
    }
    for (let index = this.times.length - 1; index >= 0; index--) {
      if (this.units[index] !== 0) continue;
      this.times.splice(index, 1);
      this.units.splice(index, 1);
    }
  }

  /** How long until `units` of those that count now have ended. */
  millisecondsUntilFree(units: number, now: number): number {
    let freed = 0;
    for (let index = 0; index < this.times.length; index++) {
      freed += this.units[index] as number;
      if (freed >= units) return Math.max(0, this.endOf(index) - now);
    }
    return this.millisecondsUntilEmpty(now);
  }

  /** How long until nothing counts, if nothing is added. */
  millisecondsUntilEmpty(now: number): number {
    return this.times.length === 0 ? 0 : Math.max(0, this.endOf(this.times.length - 1) - now);
  }

  private endOf(index: number): number {
    return (this.times[index] as number) + this.windowMilliseconds;
  }

  private slotOf(time: number): number {
    return Math.floor((time * SLOTS) / this.windowMilliseconds);
  }

  private compact(): void {
    const times = this.times.splice(0);
    const units = this.units.splice(0);
    times.forEach((time, index) => {
      const last = this.times.length - 1;
      if (last >= 0 && this.slotOf(this.times[last] as number) === this.slotOf(time)) {
        this.times[last] = time;
        this.units[last] = (this.units[last] as number) + (units[index] as number);
      } else {
        this.times.push(time);
        this.units.push(units[index] as number);
      }
    });
  }
}
