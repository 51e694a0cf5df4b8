import { TemporarilyUnavailableError } from './errors.js';

/** In how many seconds who found the queue full should come again. */
const RETRY_AFTER_SECONDS = 2;

export interface WorkQueueOptions {
  /** How much of the work is done at once. */
  readonly atOnce: number;
  /** How many may wait in each of the two lines. */
  readonly waiting: number;
  /** Names the work in errors. */
  readonly part: string;
}

/**
 * Does expensive work, a little of it at once, in the order in which it came. There are two lines, and who is known
 * goes first: strangers can fill their own line only.
 */
export class WorkQueue {
  private readonly known: (() => void)[] = [];
  private readonly strangers: (() => void)[] = [];
  private busy = 0;

  constructor(private readonly options: WorkQueueOptions) {}

  /**
   * @param isKnown whether the caller stands in the first line
   * @throws TemporarilyUnavailableError (rejects) if the line is full
   */
  async run<T>(isKnown: boolean, work: () => Promise<T>): Promise<T> {
    const { atOnce, waiting, part } = this.options;
    if (this.busy === atOnce) {
      const line = isKnown ? this.known : this.strangers;
      if (line.length >= waiting) {
        const detail = `${waiting} wait already`;
        throw new TemporarilyUnavailableError({ part, detail, retryAfterSeconds: RETRY_AFTER_SECONDS });
      }
      await new Promise<void>((resolve) => line.push(resolve));
    } else {
      this.busy += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes to who waits longest, or is free.
      const next = this.known.shift() ?? this.strangers.shift();
      if (next === undefined) this.busy -= 1;
      else next();
    }
  }
}
