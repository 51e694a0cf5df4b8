import type { Clock } from '../../core/clock.js';
import type { HistoryStore, SlotCounts } from '../../core/observation/history-store.js';
import type { Readings } from '../readings.js';
import { LocalSlots } from './local-slots.js';
import { addTo, countsNow, difference } from './slot-counts.js';

/** How often the counts are taken, and sent to the other processes in one command, in the background. */
export const RECORDED_EVERY_MILLISECONDS = 15_000;

const MINUTE_MILLISECONDS = 60_000;

/** What the recorder depends on. */
export interface RecorderDependencies {
  readonly readings: Readings;
  /** The slots of all processes; `undefined`: each process keeps its own. */
  readonly store: () => HistoryStore | undefined;
  readonly clock: Clock;
}

/** Puts what was counted into slots of time, in this process and in the store that all processes share. */
export class Recorder {
  readonly local = new LocalSlots();
  readonly sinceMilliseconds: number;
  private readonly timer: NodeJS.Timeout;
  private before: SlotCounts;
  private minute: number;
  /** What the store has not got yet; it is sent into the slots of the moment when it is there again. */
  private unsent: Record<string, number> = {};

  constructor(private readonly dependencies: RecorderDependencies) {
    const { readings, clock } = dependencies;
    this.sinceMilliseconds = clock.nowMilliseconds();
    this.minute = minuteOf(this.sinceMilliseconds);
    this.before = countsNow(readings);
    this.timer = setInterval(() => void this.record(), RECORDED_EVERY_MILLISECONDS);
    this.timer.unref();
  }

  /** Takes the counts now, and sends them. Resolves when that was tried; never rejects. */
  async record(): Promise<void> {
    const { readings, clock, store } = this.dependencies;
    const at = clock.nowMilliseconds();
    const counts = countsNow(readings);
    const added = difference(counts, this.before);
    this.before = counts;
    this.local.add(at, added);
    this.endMinute(at);
    const shared = store();
    if (shared === undefined) return;
    addTo(this.unsent, added);
    if (!shared.isAvailable || Object.keys(this.unsent).length === 0) return;
    const sent = this.unsent;
    this.unsent = {};
    try {
      await shared.add(at, sent);
    } catch {
      // Perhaps it was added nevertheless: rather too few than counted twice. That the store is away is logged elsewhere.
    }
  }

  /** Sends what was counted last, for a limited time. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.record();
  }

  private endMinute(at: number): void {
    const minute = minuteOf(at);
    if (minute === this.minute) return;
    this.minute = minute;
    for (const tally of this.dependencies.readings.statistics.policies.all()) tally.endMinute();
  }
}

function minuteOf(milliseconds: number): number {
  return Math.floor(milliseconds / MINUTE_MILLISECONDS);
}
