import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** How many rows a batch has and how long it rests, as far as they were chosen. */
export interface ClearingPaceOptions {
  /** Whether the database works inside this process, and so holds up everything else of it. */
  readonly isInProcess: boolean;
  readonly batchSize: number | undefined;
  readonly pauseMilliseconds: number | undefined;
}

const FIRST_SIZE = 50;
const SMALLEST_SIZE = 10;
const LARGEST_SIZE = 1_000;

/** How long a batch may take: in this process nobody notices so little; a server has others who wait for its locks. */
const IN_PROCESS_MILLISECONDS = 8;
const ON_SERVER_MILLISECONDS = 50;

const LONGEST_PAUSE_MILLISECONDS = 100;

/** Finds the size of the batches by how long they take, and rests between them. */
export class ClearingPace {
  private size: number;
  private readonly aimMilliseconds: number;

  constructor(private readonly options: ClearingPaceOptions) {
    this.size = options.batchSize ?? FIRST_SIZE;
    this.aimMilliseconds = options.isInProcess ? IN_PROCESS_MILLISECONDS : ON_SERVER_MILLISECONDS;
  }

  get batchSize(): number {
    return this.size;
  }

  /** Rests after a batch, one turn of the event loop at least, and takes in how long it took. */
  async rest(tookMilliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.options.batchSize === undefined) this.adapt(tookMilliseconds);
    const pause = this.options.pauseMilliseconds ?? Math.min(Math.ceil(tookMilliseconds), LONGEST_PAUSE_MILLISECONDS);
    // The immediate comes after what has arrived was read, which a timer alone does not promise.
    await nextTurn();
    if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
  }

  private adapt(tookMilliseconds: number): void {
    if (tookMilliseconds > this.aimMilliseconds) this.size = Math.max(SMALLEST_SIZE, Math.floor(this.size / 2));
    else if (tookMilliseconds < this.aimMilliseconds / 2)
      this.size = Math.min(LARGEST_SIZE, Math.ceil(this.size * 1.25));
  }
}
