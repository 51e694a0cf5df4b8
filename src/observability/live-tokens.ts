import type { Clock } from '../core/clock.js';

/** Tokens are counted at most once in this time, and only while somebody asks. */
export const COUNTED_EVERY_MILLISECONDS = 60_000;

/** No more tokens than this are counted, so that the statement stays cheap; the answer then means "at least". */
export const COUNTED_AT_MOST = 100_000;

/** The number of live access tokens, counted in the background when it is asked for and too old. */
export class LiveTokens {
  private count: number | undefined;
  private countedAt = Number.NEGATIVE_INFINITY;
  private counting: Promise<void> | undefined;

  /** @param countLive counts them in the database, up to a limit */
  constructor(
    private readonly countLive: (atMost: number) => Promise<number>,
    private readonly clock: Clock,
  ) {}

  /** The last known number; `undefined` before the first answer, and after a failure. */
  get known(): number | undefined {
    const now = this.clock.monotonicMilliseconds();
    if (this.counting === undefined && now - this.countedAt >= COUNTED_EVERY_MILLISECONDS) {
      this.counting = this.refresh(now).finally(() => {
        this.counting = undefined;
      });
    }
    return this.count;
  }

  /** The same, after the first count if none is known yet. Never rejects. */
  async counted(): Promise<number | undefined> {
    if (this.known === undefined) await this.counting;
    return this.count;
  }

  private async refresh(now: number): Promise<void> {
    this.countedAt = now;
    try {
      this.count = await this.countLive(COUNTED_AT_MOST);
    } catch {
      // That the database does not answer is seen, and logged, elsewhere.
      this.count = undefined;
    }
  }
}
