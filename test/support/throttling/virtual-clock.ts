import type { Clock } from '../../../src/core/clock.js';

/** A clock that stands until it is moved. */
export class VirtualClock implements Clock {
  milliseconds = 1_000_000;
  nowMilliseconds(): number {
    return 1_700_000_000_000 + this.milliseconds;
  }
  monotonicMilliseconds(): number {
    return this.milliseconds;
  }
  advance(milliseconds: number): void {
    this.milliseconds += milliseconds;
  }
}
