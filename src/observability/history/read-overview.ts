import type { Clock } from '../../core/clock.js';
import {
  type HistoryStore,
  SLOT_MILLISECONDS,
  type SlotCounts,
  type SlotSpan,
  slotNumbers,
} from '../../core/observation/history-store.js';
import type { HistorySlot, Overview, OverviewSource } from '../../core/observation/overview.js';
import type { Readings } from '../readings.js';
import type { Recorder } from './recorder.js';
import { slotOf } from './slot-counts.js';

/** Pages that are loaded within this time share one reading. */
const FRESH_MILLISECONDS = 2_000;

type Spans = Readonly<Record<SlotSpan, readonly SlotCounts[]>>;

/** Reads what happened lately: of all processes if they share a store that answers, else of this one. */
export class OverviewReader {
  private last: { readonly overview: Promise<Overview>; readonly until: number } | undefined;

  constructor(
    private readonly readings: Readings,
    private readonly recorder: Recorder,
    private readonly store: () => HistoryStore | undefined,
    private readonly clock: Clock,
  ) {}

  /** Never rejects. */
  read(): Promise<Overview> {
    const now = this.clock.monotonicMilliseconds();
    if (this.last === undefined || now >= this.last.until) {
      this.last = { overview: this.readNow(), until: now + FRESH_MILLISECONDS };
    }
    return this.last.overview;
  }

  private async readNow(): Promise<Overview> {
    const { readings, recorder } = this;
    const [liveTokens] = await Promise.all([readings.countLiveTokens(), recorder.record()]);
    const at = this.clock.nowMilliseconds();
    const { source, minute, quarter } = await this.spans(at);
    const { pool, cache } = readings;
    return {
      source,
      sinceMilliseconds: recorder.sinceMilliseconds,
      hour: slots('minute', at, minute),
      day: slots('quarter', at, quarter),
      stores: readings.stores(),
      connections: pool && { used: pool.used, free: pool.free, waiting: pool.waiting },
      liveTokens,
      cachedTokens: cache.entries,
      revocationLagMilliseconds: cache.lagMilliseconds,
    };
  }

  private async spans(at: number): Promise<Spans & { readonly source: OverviewSource }> {
    const store = this.store();
    if (store?.isAvailable) {
      try {
        const [minute, quarter] = await Promise.all([store.read('minute', at), store.read('quarter', at)]);
        return { source: 'processes', minute, quarter };
      } catch {
        // Then this process alone, and the page says so.
      }
    }
    const { local } = this.recorder;
    return {
      source: store === undefined ? 'process' : 'alone',
      minute: local.read('minute', at),
      quarter: local.read('quarter', at),
    };
  }
}

function slots(span: SlotSpan, at: number, counts: readonly SlotCounts[]): readonly HistorySlot[] {
  return slotNumbers(span, at).map((number, index) => slotOf(number * SLOT_MILLISECONDS[span], counts[index] ?? {}));
}
