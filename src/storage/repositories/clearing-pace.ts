import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** The size of a batch and the pause after it, if they were chosen. */
export interface ClearingPaceOptions {
  /** Whether the database runs inside this process and so blocks everything else in it. */
  readonly isInProcess: boolean;
  readonly batchSize: number | undefined;
  readonly pauseMilliseconds: number | undefined;
}

const FIRST_SIZE = 50;
const SMALLEST_SIZE = 10;
/**
 * What takes long is then no longer the rows but the way to a server, or a busy machine, and smaller batches only take more
 * time together.
 */
const SMALLEST_SIZE_ON_SERVER = 100;
const LARGEST_SIZE = 1_000;

/**
 * How long a batch may take: in-process so short that nobody notices; a server has other clients that wait for its
 * locks.
 */
const IN_PROCESS_MILLISECONDS = 8;
const ON_SERVER_MILLISECONDS = 50;

const LONGEST_PAUSE_MILLISECONDS = 100;

/** Adapts the size of batches to the time that they take, and pauses between them. */
export class ClearingPace {
  private size: number;
  private readonly smallest: number;
  private readonly aimMilliseconds: number;

  constructor(private readonly options: ClearingPaceOptions) {
    this.smallest = options.isInProcess ? SMALLEST_SIZE : SMALLEST_SIZE_ON_SERVER;
    this.size = options.batchSize ?? Math.max(FIRST_SIZE, this.smallest);
    this.aimMilliseconds = options.isInProcess ? IN_PROCESS_MILLISECONDS : ON_SERVER_MILLISECONDS;
  }

  get batchSize(): number {
    return this.size;
  }

  /** Pauses after a batch, for at least one turn of the event loop, and takes note of its duration. */
  async rest(tookMilliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.options.batchSize === undefined) this.adapt(tookMilliseconds);
    const pause = this.options.pauseMilliseconds ?? Math.min(Math.ceil(tookMilliseconds), LONGEST_PAUSE_MILLISECONDS);
    // Input that has arrived is read before an immediate runs, which a timer alone does not guarantee.
    await nextTurn();
    if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
  }

  private adapt(tookMilliseconds: number): void {
    if (tookMilliseconds > this.aimMilliseconds) this.size = Math.max(this.smallest, Math.floor(this.size / 2));
    else if (tookMilliseconds < this.aimMilliseconds / 2)
      this.size = Math.min(LARGEST_SIZE, Math.ceil(this.size * 1.25));
  }
}
